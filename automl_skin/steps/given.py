"""The vectors that a user gives in place of, or beside, networks: whose photographs they are of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_skin.arrays import IntArray
from automl_skin.data.manifest import Manifest
from automl_skin.data.wording import list_some
from automl_skin.digests import digest_array, digest_json
from automl_skin.embeddings.given import By, GivenVectors, read_given
from automl_skin.errors import ConfigError, InputError
from automl_skin.images.inspect import NO_VECTOR
from automl_skin.study.config import StudyConfig

LICENCE_UNKNOWN = "not stated"


@dataclass(frozen=True)
class MatchedVectors:
    """Vectors, and which of them is of which photograph.

    Parameters
    ----------
    vectors : GivenVectors
    by : {"image", "case"}
        Whose ids the vectors have.
    places : ndarray of shape (n_images,)
        Position of each photograph's vector, -1 where there is none.
    """

    vectors: GivenVectors
    by: By
    places: IntArray

    @property
    def line(self) -> str:
        """What was understood, for people."""
        given, n_found = self.vectors, int((self.places >= 0).sum())
        return (
            f"{given.name}: {len(given.ids):,} vectors of {given.n_dimensions:,} numbers in {given.path} "
            f"({given.layout}), matched by the id of the {self.by}: {n_found:,} of {len(self.places):,} photographs "
            f"have one; licence {given.licence or LICENCE_UNKNOWN}; digest {given.digest[:12]}"
        )


def match_given(config: StudyConfig, manifest: Manifest) -> list[MatchedVectors]:
    """Return the vectors that a study is given, matched with the photographs of its table.

    Raises
    ------
    ConfigError
        If a name is that of a column that a server would take for something else.
    InputError
        If a file cannot be used, or no photograph of the table has a vector in it.
    """
    matched = []
    for name, path in config.given:
        if name in manifest.kinds or name == "image":
            message = f"--embeddings {path}: expected a name that no metadata column has, got {name!r}"
            raise ConfigError(f"{message}; give another one, NAME=FILE")
        vectors = read_given(name, path)
        each = MatchedVectors(vectors, *vectors.match(manifest.images))
        if not (each.places >= 0).any():
            images, cases = manifest.images["given"], manifest.cases.index
            ids = f"images such as {list_some(images, 2)} and cases such as {list_some(cases, 2)}"
            message = f"{path}: expected the ids of images or cases of the table ({ids})"
            raise InputError(f"{message}, got {list_some(vectors.ids, 2)}; write the vectors with these ids")
        matched.append(each)
    return matched


def mark_missing(
    inspection: pd.DataFrame, images: pd.DataFrame, matched: Sequence[MatchedVectors]
) -> pd.DataFrame:
    """Return what is known of photographs, with the error that one has no vector.

    Parameters
    ----------
    inspection : DataFrame
        Columns ``path`` and ``error``.
    images : DataFrame of n_images rows
        Of the manifest, in the order of `MatchedVectors.places`.
    """
    error = inspection["error"].copy()
    for each in matched:
        without = images.loc[each.places < 0, "path"].dropna()
        missing = inspection["path"].isin(without) & (error == "")
        error = error.mask(missing, f"{NO_VECTOR} in {each.vectors.path.name}")
    return inspection.assign(error=error)


def digest_given(matched: Sequence[MatchedVectors], n_images: int) -> list[str]:
    """Return one digest per photograph, of all its vectors; empty where it lacks one."""
    every = (
        np.all([each.places >= 0 for each in matched], axis=0) if matched else np.zeros(n_images, np.bool_)
    )
    return [
        digest_json([digest_array(each.vectors.vectors[each.places[row]]) for each in matched])
        if every[row]
        else ""
        for row in range(n_images)
    ]
