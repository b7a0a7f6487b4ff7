"""What stands in the report of a study besides what stands in its model card."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from automl_skin.data.strength import Shortcuts
from automl_skin.evaluation.missing_metadata import MissingMetadata
from automl_skin.evaluation.model_card import CardFacts


@dataclass(frozen=True)
class Part:
    """A part of the data on its way into the analysis.

    Parameters
    ----------
    counts : tuple of int or None
        Cases of each class; None where nobody has looked.
    """

    name: str
    n_cases: int
    n_images: int
    n_groups: int
    counts: tuple[int, ...] | None


@dataclass(frozen=True)
class Characteristic:
    """One line of the table that compares the development cases with the locked ones."""

    field: str
    level: str
    development: str
    locked: str


@dataclass(frozen=True)
class Leader:
    """A trial of the leaderboard's head; its standing is "the best", "tied with the best" or nothing."""

    trial: int
    title: str
    utility: float
    standing: str


@dataclass(frozen=True)
class Family:
    """Trials of one kind, and the best of them; the best is None where none finished."""

    title: str
    trials: int
    finished: int
    best: float | None


@dataclass(frozen=True)
class Effort:
    """What the search was given, and what it took.

    Parameters
    ----------
    asked : str
        How many trials, or how much time, in words.
    states : mapping of str to int
        Trials that finished, were stopped and failed.
    seconds : float
        Of all trials together.
    """

    asked: str
    states: Mapping[str, int]
    seconds: float
    objective: str


@dataclass(frozen=True)
class Opened:
    """An opening of the locked test set: UTC, and the trials that the study had."""

    when: str
    trials: int
    times: int


@dataclass(frozen=True)
class Decided:
    """How the cases of one diagnosis were decided, out of fold.

    Parameters
    ----------
    right : int
        Cases whose decision was right.
    """

    diagnosis: str
    class_name: str
    n_cases: int
    right: int


@dataclass(frozen=True)
class Mistake:
    """A development case that the stack was confidently wrong about, out of fold.

    Parameters
    ----------
    probability : float
        Of the class that it does not have.
    image : bytes or None
        JPEG of one photograph; None where it has none that can be read.
    """

    case: str
    diagnosis: str
    taken_for: str
    probability: float
    image: bytes | None


@dataclass(frozen=True)
class ReportFacts:
    """Everything that stands in a report; what cannot be told is said in words, never left out.

    Parameters
    ----------
    card : CardFacts
        What stands in the model card too.
    pictures : mapping of str to bytes
        PNG by name.
    stack : str
        Digest of the stack.
    inputs : mapping of str to str
        Metadata field -> its kind.
    preparation : mapping of str to str
        How inputs are prepared.
    images : mapping of str to int
        Counts of the audit.
    findings : tuple of str
        Of the audit.
    asked : tuple of str
        Columns of the model that the audit asks about.
    settings : mapping of str to str
        Those that make the study what it is.
    libraries : mapping of str to str
        Versions of those that are there where the report is written.
    shortcuts : Shortcuts
        What can be told without looking at a lesion.
    mistakes : tuple of Mistake
        Empty unless a gallery was asked for.
    """

    card: CardFacts
    pictures: Mapping[str, bytes]
    stack: str
    flow: tuple[Part, ...]
    characteristics: tuple[Characteristic, ...]
    inputs: Mapping[str, str]
    preparation: Mapping[str, str]
    images: Mapping[str, int]
    findings: tuple[str, ...]
    settings: Mapping[str, str]
    libraries: Mapping[str, str]
    shortcuts: Shortcuts
    effort: Effort
    leaders: tuple[Leader, ...]
    families: tuple[Family, ...]
    asked: tuple[str, ...] = ()
    openings: tuple[Opened, ...] = ()
    decided: tuple[Decided, ...] = ()
    missing: MissingMetadata | None = None
    mistakes: tuple[Mistake, ...] = field(default=())

    @property
    def unmeasured(self) -> set[str]:
        """Anchors under which the report can only say that nothing was measured."""
        card = self.card
        figures = card.figures
        absent = {
            "locked": figures is None,
            "baselines": figures is None,
            "calibration": figures is None,
            "threshold": figures is None or (figures.at_threshold is None and figures.decided is None),
            "decision": figures is None or figures.decision is None,
            "subgroups": not card.subgroups,
            "shifts": card.shifts is None,
            "sources": card.sources is None,
            "without-metadata": self.missing is None,
            "mistakes": not self.decided,
        }
        return {anchor for anchor, is_absent in absent.items() if is_absent}
