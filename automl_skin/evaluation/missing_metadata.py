"""How far the figures drop when metadata are missing: the change of AUC over the share of values that are hidden.

Changes alone: the stack's own out-of-fold AUC is one that it was chosen by, and is given nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from automl_skin.evaluation.record import in_words
from automl_skin.metrics.intervals import Interval

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class MissingMetadata:
    """What was measured on out-of-fold cases, each by chains that have not seen it.

    Parameters
    ----------
    n_cases : int
    shares : tuple of float
        Of the metadata values of every case, hidden at random; a value that is hidden stays hidden at larger shares.
    models : mapping of str to tuple of float
        AUC at every share minus that with all metadata; the stack first, then the baselines.
    change : Interval
        That of the stack without any metadata, with its interval from paired resamples of whole groups.
    stack : str
        Digest of the stack that was measured.
    inside : bool
        Whether a network of the stack takes metadata itself, which stayed as they are.
    """

    n_cases: int
    shares: tuple[float, ...]
    models: Mapping[str, tuple[float, ...]]
    change: Interval
    stack: str
    inside: bool = False

    @property
    def first(self) -> str:
        """Name of the model that leads, the stack."""
        return next(iter(self.models))

    def sentences(self) -> list[str]:
        """Return what is to be said."""
        said = [f"Without any the AUC of the {self.first} changes by {in_words(self.change, signed=True)}."]
        if self.inside:
            said.append(
                "A network of the stack takes metadata itself, and kept them: without them it drops further than this."
            )
        return said
