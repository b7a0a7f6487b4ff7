"""The model card: what a person must know before they use the model, as Markdown (Mitchell et al. 2019).

The text is ``model_card.md.jinja``, the facts in it are one `CardFacts`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from automl_skin.evaluation.class_decisions import ClassDecisions
from automl_skin.evaluation.figures import Figures
from automl_skin.evaluation.operating_point import OperatingPoint
from automl_skin.evaluation.record import in_words, listed
from automl_skin.evaluation.shifts import ShiftFigures
from automl_skin.evaluation.sources import SourceFigures
from automl_skin.evaluation.subgroups import Subgroup
from automl_skin.metrics.intervals import Interval
from automl_skin.metrics.selection import CorrectedBest

TEMPLATE = Path(__file__).with_name("model_card.md.jinja")


@dataclass(frozen=True)
class CardData:
    """The data that the model comes from, locked part included.

    Parameters
    ----------
    class_counts : mapping of str to int
        Cases of each class.
    sources : tuple of str
        Collections or hospitals; empty where the table does not say.
    missing : mapping of str to float
        Share of cases without a value, by metadata field.
    quarantined : mapping of str to str
        Columns that were not used, with the reason.
    photographs : bool
        Whether there are photographs; else `n_images` counts given vectors.
    """

    n_cases: int
    n_images: int
    n_groups: int
    n_locked: int
    class_counts: Mapping[str, int]
    sources: tuple[str, ...] = ()
    missing: Mapping[str, float] = field(default_factory=dict)
    quarantined: Mapping[str, str] = field(default_factory=dict)
    photographs: bool = True

    @property
    def counted(self) -> str:
        """How many cases and photographs there are, in words."""
        if self.photographs:
            return f"{self.n_cases} cases with {self.n_images} photographs"
        vectors = (
            f"vectors of {self.n_images} photographs" if self.n_images else "metadata alone (no photographs)"
        )
        return f"{self.n_cases} cases with {vectors}"

    @property
    def incomplete(self) -> dict[str, float]:
        """The fields that lack values, with the share of cases that do."""
        return {name: share for name, share in self.missing.items() if share > 0}


@dataclass(frozen=True)
class CardPlan:
    """Who was kept apart from whom.

    Parameters
    ----------
    digest : str
        Of the fold plan.
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
    """One trial of the stack: backbones, fusion and head, and its mean weight over the folds."""

    trial: int
    title: str
    weight: float


@dataclass(frozen=True)
class CardRole:
    """A kind of photograph, of a study that has several.

    Parameters
    ----------
    n_images : int
        Of the whole study.
    missing : float
        Share of the cases without one.
    seen_by, towers : tuple of int
        Trials of the stack that see it, and those of them in which it has a network of its own.
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
    """Where a network's weights come from; the licence is empty where nothing is known."""

    backbone: str
    licence: str
    digest: str = ""


@dataclass(frozen=True)
class CardGiven:
    """Vectors that were made elsewhere and that the model needs of new cases as well.

    Parameters
    ----------
    digest : str
        Of ids and vectors of the file that trained the model.
    by : str
        Whose ids they have: ``image`` or ``case``.
    """

    name: str
    n_dimensions: int
    digest: str
    licence: str
    by: str


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
        Other trials that may be as good as the best one.
    metric : str
        What the search maximised.
    expected : mapping of str to Interval
        Out-of-fold AUC by the model's name, as far as it is honest.
    """

    trials: int
    method: str
    best: CorrectedBest | None = None
    tied: int = 0
    metric: str = "auc"
    expected: Mapping[str, Interval] = field(default_factory=dict)


@dataclass(frozen=True)
class CardStep:
    """A step of a search that was given a budget: seconds that were planned for it, and those that it took."""

    name: str
    planned: float
    used: float


@dataclass(frozen=True)
class CardBudget:
    """The time that a search was given, and what it took: the report counts until it was written."""

    seconds: float
    steps: tuple[CardStep, ...]


@dataclass(frozen=True)
class CardFacts:
    """Everything that stands in a model card; what cannot be told is said in words, never left out.

    Parameters
    ----------
    created : str
        UTC, ISO 8601.
    target : str
        Column of the diagnosis.
    positive : tuple of str
        Empty for a target of several classes.
    figures : Figures or None
        Of the locked test; None where it was not opened.
    subgroups_on : str
        On which cases the subgroups were measured.
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
    shortcuts : sequence of str
        What metadata columns reach alone, and facts of acquisition without a photograph.
    decisions : ClassDecisions or None
        Thresholds and weights of the classes; None of a binary target that has its operating point alone.
    given : tuple of CardGiven
        Vectors that the model needs besides, or in place of, photographs.
    unshifted : str
        Why nothing was measured under shift, where there is a reason besides the settings.
    budget : CardBudget or None
        What was planned and used of the search's time; None where it was given none.
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
    shifts: ShiftFigures | None = None
    sources: SourceFigures | None = None
    tunings: tuple[CardTuning, ...] = ()
    measured: bool = True
    roles: tuple[CardRole, ...] = ()
    shortcuts: Sequence[str] = ()
    decisions: ClassDecisions | None = None
    given: tuple[CardGiven, ...] = ()
    unshifted: str = ""
    budget: CardBudget | None = None

    @property
    def inputs(self) -> str:
        """What a model of the study may see, in words."""
        if self.data.photographs:
            return "its photographs and clinical metadata"
        if self.data.n_images:
            return "given vectors of its photographs and clinical metadata"
        return "clinical metadata alone, without photographs"

    @property
    def must_not(self) -> list[str]:
        """What the model must not be used for, one sentence each; code stands between backticks."""
        known = f" (this one knows {listed(self.data.sources)})" if self.data.sources else ""
        return [
            "Not a medical device. It must not make or replace a diagnosis, and no treatment may rest on it alone.",
            "Not for ruling a malignant lesion out: a low probability is no proof of its absence.",
            (
                "Not for another hospital, camera or population than the data below without `automl-skin evaluate` on "
                f"labelled cases from there: figures drop from one collection to another{known}."
            ),
            "Not for diagnoses that the training data does not hold: every lesion gets a probability all the same.",
            "The probabilities assume the shares of classes below; elsewhere use `score --prevalence`.",
        ]

    @property
    def trials_with_towers(self) -> list[int]:
        """Trials of the stack in which a kind of photograph has a network of its own."""
        return sorted({trial for role in self.roles for trial in role.towers})

    @property
    def trials_with_one_network(self) -> list[int]:
        """Trials of the stack in which one network sees several kinds of photograph."""
        seen = [trial for role in self.roles for trial in role.seen_by]
        return sorted({trial for trial in seen if seen.count(trial) > 1} - {*self.trials_with_towers})

    @property
    def has_second_order_paths(self) -> bool:
        """Whether tuned networks reach the stack by their out-of-fold logits."""
        return any("logits" in each.ways for each in self.tunings)

    @property
    def disagreements(self) -> list[str]:
        """Warnings where the locked test says something else than cross-validation."""
        return self.figures.find_disagreements(self.search.expected) if self.figures else []


def render_model_card(facts: CardFacts) -> str:
    """Return the model card as Markdown, with the header that Hugging Face's hub reads."""
    from huggingface_hub import ModelCard, ModelCardData

    header = ModelCardData(
        library_name="automl-skin",
        pipeline_tag="image-classification" if facts.data.photographs else "tabular-classification",
        tags=["dermatology", "skin-lesion", "tabular"],
        metrics=["roc_auc"],
    )
    card = ModelCard.from_template(
        header, template_path=str(TEMPLATE), card=clean(facts), in_words=in_words, listed=listed
    )
    return f"{card}\n"


def clean(value: Any) -> Any:
    r"""Return facts whose texts can neither break a Markdown table nor hide behind HTML, at whatever depth they are.

    A card shows what stands in the user's table: names of columns, their levels, ids of sources.

    Examples
    --------
    >>> clean(CardMember(1, "a|b\n<i>", 0.5))
    CardMember(trial=1, title='a\\|b &lt;i>', weight=0.5)
    """
    if isinstance(value, str):
        return " ".join(value.split()).replace("|", "\\|").replace("<", "&lt;")
    if isinstance(value, Mapping):
        return {clean(key): clean(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return tuple(map(clean, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: clean(getattr(value, each.name)) for each in fields(value)})
    return value
