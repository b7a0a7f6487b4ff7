"""What the steps tell while they run, and whom: one listener, who takes frozen events.

The terminal is a listener, MLflow is another. A listener must not change what it hears.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from automl_skin.search.trial import TrialRecord, TrialRecorded

if TYPE_CHECKING:
    from automl_skin.images.loading import Progress
    from automl_skin.search.material import Material
    from automl_skin.steps.embedder import StageOne
    from automl_skin.steps.search import SearchResult
    from automl_skin.steps.understand import Understanding
    from automl_skin.study.round_files import Round
    from automl_skin.study.study import Study


@dataclass(frozen=True)
class Progressed:
    """How far something is that takes a while; it begins with a `total` of None."""

    what: str
    done: int
    total: int | None


@dataclass(frozen=True)
class Said:
    """A line of news beside the progress."""

    line: str


@dataclass(frozen=True)
class Understood:
    """The data was understood and the plan is made."""

    study: "Study"
    understanding: "Understanding"


@dataclass(frozen=True)
class StageOneEnded:
    """The frozen networks' embeddings are there; no trial of this call has begun."""

    study: "Study"
    stage_one: "StageOne"
    material: "Material"


@dataclass(frozen=True)
class SearchBegan:
    """Trials are about to begin; `records` are those of earlier calls."""

    study: "Study"
    records: Sequence[TrialRecord]


@dataclass(frozen=True)
class SearchInterrupted:
    """The trials did not come to their end."""

    error: BaseException


@dataclass(frozen=True)
class RoundBegan:
    """A round of tuning begins."""

    study: "Study"
    tuning_round: "Round"


@dataclass(frozen=True)
class RoundEnded:
    """A round of tuning is over, in this call or in an earlier one."""

    study: "Study"
    tuning_round: "Round"


@dataclass(frozen=True)
class SearchEnded:
    """The main job is done."""

    result: "SearchResult"


Event = (
    Progressed
    | Said
    | Understood
    | StageOneEnded
    | SearchBegan
    | TrialRecorded
    | RoundBegan
    | RoundEnded
    | SearchInterrupted
    | SearchEnded
)
Listener = Callable[[Event], None]


def silent(event: Event) -> None:
    """Tell nobody; a `Listener`."""


def tell_all(*listeners: Listener) -> Listener:
    """Return a listener that passes everything on to several, in their order."""

    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return tell


def start_progress(tell: Listener, what: str) -> "Progress":
    """Tell that something long begins, and return a callable that takes how much is done, of how much."""
    tell(Progressed(what, 0, None))
    return lambda done, total: tell(Progressed(what, done, total))
