"""The vectors that a bundle needs of new cases, from the files that are given with them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from automl_skin.arrays import Float32Array
from automl_skin.embeddings.given import GivenVectors, parse_given, read_given
from automl_skin.errors import ConfigError, InputError
from automl_skin.export.facts import BundleFacts, GivenEmbedding


@dataclass(frozen=True)
class NeededVectors:
    """What a bundle needs, and the file that gives it.

    Parameters
    ----------
    needed : GivenEmbedding
    vectors : GivenVectors
        As long as those of the training.
    """

    needed: GivenEmbedding
    vectors: GivenVectors

    def of(self, images: "pd.Series[str]", cases: "pd.Series[str]") -> list[Float32Array | None]:
        """Return the vector of each photograph, None where the file has none; NA ids have none."""
        names = (images if self.needed.by == "image" else cases).fillna("")
        _, places = self.vectors.match(pd.DataFrame({"given": names, "case": names}), self.needed.by)
        return [self.vectors.vectors[place] if place >= 0 else None for place in places]


def read_needed(given: Sequence[str], facts: BundleFacts) -> tuple[tuple[NeededVectors, ...], list[str]]:
    """Return the vectors that a bundle needs, and notes on what was given.

    A single file serves a bundle that needs a single one, whatever it is called; several are told apart by name.

    Raises
    ------
    ConfigError
        If one is not given.
    InputError
        If a file cannot be used, or its vectors are of another length than in training.
    """
    files = dict(map(parse_given, given))
    if len(files) == len(facts.given) == 1:
        files = {facts.given[0].title: next(iter(files.values()))}
    missing = [each for each in facts.given if each.title not in files]
    if missing:
        needs = ", ".join(f"{each.title} ({each.n_dimensions:,} numbers)" for each in facts.given)
        message = f"--embeddings: expected the vectors that the bundle needs ({needs})"
        found = ", ".join(files) or "none"
        raise ConfigError(f"{message}, got {found}; give --embeddings {missing[0].title}=FILE")
    notes = [
        f"--embeddings {name}: not used, the bundle needs no such vectors"
        for name in files
        if name not in {each.title for each in facts.given}
    ]
    needed = []
    for each in facts.given:
        vectors = read_given(each.title, files[each.title])
        if vectors.n_dimensions != each.n_dimensions:
            message = f"{vectors.path}: expected vectors of {each.n_dimensions:,} numbers, as in training"
            raise InputError(
                f"{message}, got {vectors.n_dimensions:,}; make them with the network that made those"
            )
        needed.append(NeededVectors(each, vectors))
        notes.append(f"vectors {each.title}: {vectors.path}, {vectors.layout}, by the id of the {each.by}")
    return tuple(needed), notes
