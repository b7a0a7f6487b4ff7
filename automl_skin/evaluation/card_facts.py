"""What a model card is written from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from automl_skin.evaluation.figures import Figures
from automl_skin.evaluation.operating_point import OperatingPoint
from automl_skin.evaluation.shifts import ShiftFigures
from automl_skin.evaluation.sources import SourceFigures
from automl_skin.evaluation.subgroups import Subgroup
from automl_skin.metrics.intervals import Interval
from automl_skin.metrics.selection import CorrectedBest


@dataclass(frozen=True)
class CardData:
    """The data that the model comes from.

    Parameters
    ----------
    n_cases, n_images, n_groups : int
        Of the whole study, locked part included.
    n_locked : int
        Cases of the locked test set.
    class_counts : mapping of str to int
        Cases of each class.
    sources : tuple of str
        Collections or hospitals; empty where the table does not say.
    missing : mapping of str to float
        Share of cases without a value, by metadata field.
    quarantined : mapping of str to str
        Columns that were not used, with the reason.
    """

    n_cases: int
    n_images: int
    n_groups: int
    n_locked: int
    class_counts: Mapping[str, int]
    sources: tuple[str, ...] = ()
    missing: Mapping[str, float] = field(default_factory=dict)
    quarantined: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CardPlan:
    """Who was kept apart from whom.

    Parameters
    ----------
    digest : str
        Of the fold plan.
    folds : int
    waiver : str or None
        Why groups may be on both sides, where that was waived.
    crossing_share : float
        Share of cases whose group is on both sides.
    """

    digest: str
    folds: int
    waiver: str | None = None
    crossing_share: float = 0.0


@dataclass(frozen=True)
class CardMember:
    """One trial of the stack.

    Parameters
    ----------
    trial : int
    title : str
        Backbones, fusion and head.
    weight : float
        Mean over the folds.
    """

    trial: int
    title: str
    weight: float


@dataclass(frozen=True)
class CardRole:
    """A kind of photograph, of a study that has several.

    Parameters
    ----------
    name : str
    n_images : int
        Of the whole study.
    missing : float
        Share of the cases without one.
    seen_by : tuple of int
        Trials of the stack that see it.
    towers : tuple of int
        Those of them in which it has a network of its own.
    """

    name: str
    n_images: int
    missing: float
    seen_by: tuple[int, ...]
    towers: tuple[int, ...] = ()


@dataclass(frozen=True)
class CardTuning:
    """Networks of the stack that were tuned on the development cases.

    Parameters
    ----------
    name : str
        Backbone, recipe and tuning.
    networks : int
        How many; each has not seen one of the folds, or two.
    recipe : mapping of str to str
        What the tuning was.
    ways : tuple of str
        How they reach the members of the stack.
    """

    name: str
    networks: int
    recipe: Mapping[str, str]
    ways: tuple[str, ...]


@dataclass(frozen=True)
class CardWeights:
    """Where a network's weights come from and under which licence.

    Parameters
    ----------
    backbone : str
    licence : str
        Empty where nothing is known.
    digest : str
    """

    backbone: str
    licence: str
    digest: str = ""


@dataclass(frozen=True)
class CardSearch:
    """The search that chose the members.

    Parameters
    ----------
    trials : int
        That finished.
    method : str
        How the members are combined.
    best : CorrectedBest or None
        The best trial's out-of-fold figure before and after the correction for the choice.
    tied : int
        Trials that may be as good as the best one, itself included.
    metric : str
        What the search maximised.
    expected : mapping of str to Interval
        Out-of-fold AUC by the model's name, as far as it is honest.
    """

    trials: int
    method: str
    best: CorrectedBest | None = None
    tied: int = 1
    metric: str = "auc"
    expected: Mapping[str, Interval] = field(default_factory=dict)


@dataclass(frozen=True)
class CardFacts:
    """Everything that stands in a model card.

    Parameters
    ----------
    study, version, created : str
        `version` of automl-skin; `created` in UTC, ISO 8601.
    target : str
        Column of the diagnosis.
    classes, positive : tuple of str
        `positive` is empty for a target of several classes.
    data : CardData
    plan : CardPlan
    search : CardSearch
    members : tuple of CardMember
    weights : tuple of CardWeights
    figures : Figures or None
        Of the locked test; None where it was not opened.
    operating_point : OperatingPoint or None
    subgroups : tuple of Subgroup
    subgroups_on : str
        On which cases the subgroups were measured.
    subgroups_overall : float or None
        The AUC of all those cases together.
    shifts : ShiftFigures or None
        Out-of-fold figures under shift; None where they were not measured.
    sources : SourceFigures or None
        Leave-one-source-out figures; None where the table does not give two sources with enough cases.
    tunings : tuple of CardTuning
        Networks of the stack that were tuned; empty where all are as they come.
    measured : bool
        False for a model that was refitted on all rows after it was measured.
    roles : tuple of CardRole
        Kinds of photograph; empty where there is one only.
    """

    study: str
    version: str
    created: str
    target: str
    classes: tuple[str, ...]
    positive: tuple[str, ...]
    data: CardData
    plan: CardPlan
    search: CardSearch
    members: tuple[CardMember, ...]
    weights: tuple[CardWeights, ...]
    figures: Figures | None = None
    operating_point: OperatingPoint | None = None
    subgroups: tuple[Subgroup, ...] = ()
    subgroups_on: str = "out-of-fold cases"
    subgroups_overall: float | None = None
    shifts: ShiftFigures | None = None
    sources: SourceFigures | None = None
    tunings: tuple[CardTuning, ...] = ()
    measured: bool = True
    roles: tuple[CardRole, ...] = ()
