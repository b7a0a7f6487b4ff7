"""What a reproduction tells besides the events of its variants' studies."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from automl_skin.papers.report import Reproduced
from automl_skin.papers.study_file import Variant
from automl_skin.steps.events import Event
from automl_skin.study.study import Study


@dataclass(frozen=True)
class VariantBegan:
    """A variant begins; what follows is of its study, until it ends."""

    variant: Variant
    study: Study


@dataclass(frozen=True)
class LeftOut:
    """What cannot be shown on these data, told before anything is computed."""

    lines: Sequence[str]


@dataclass(frozen=True)
class VariantEnded:
    """A variant is done, and stands in the report."""

    reproduced: Reproduced


@dataclass(frozen=True)
class BenchEnded:
    """The honesty bench is done: its table by world."""

    columns: Sequence[str]
    rows: Mapping[str, Sequence[Sequence[str]]]


ReproduceEvent = Event | VariantBegan | LeftOut | VariantEnded | BenchEnded
ReproduceListener = Callable[[ReproduceEvent], None]
