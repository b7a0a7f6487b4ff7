"""The settings of a study, each declared once: type, default, help text, and how it is given on the command line.

`study.toml`, the options of the commands and the keywords of the Python API are made from this class. The module loads
nothing heavy, since the command line needs it before it does anything.
"""

from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_origin

from automl_skin.errors import ConfigError
from automl_skin.settings import AnyPath

DATA = "What to learn from"
NETWORKS = "Networks"
TUNING = "Tuning"
SEARCH = "Search"
PLACES = "Where things lie"
FILE_ONLY = ""
"""The panels of the help; a setting of the last one is set in `study.toml` or in Python."""

RECOGNISED = "auto"
"""Stands for a column that is recognised by its name and its values."""

Names = tuple[str, ...]


@dataclass(frozen=True)
class Setting:
    """What is known of a setting besides its type and its default.

    Parameters
    ----------
    help : str
        ``{default}`` in it stands for the default.
    panel : str
        Of the command line's help; empty for the one of all other options.
    minimum : int, optional
        Smallest allowed value.
    may_change : bool
        Whether it may change between calls of a study: it does not change what a trial's outcome means.
    commas : bool
        Whether the command line takes a list as one text with commas, and not as a repeatable option.
    flag : str
        The option's name without dashes in front; the field's name by default.
    """

    help: str
    panel: str = ""
    minimum: int | None = None
    may_change: bool = False
    commas: bool = False
    flag: str = ""

    @classmethod
    def of(cls, each: Field[Any]) -> "Setting":
        """Return what a field of a dataclass was declared with, beside its type: ``Annotated[type, Setting(...)]``."""
        return cast("Setting", cast("Any", each.type).__metadata__[0])


def check_minimums(record: Any) -> None:
    """Check the numbers of a dataclass against the smallest values that its fields allow.

    Raises
    ------
    ConfigError
        The message names the option, or the setting.
    """
    for each in fields(record):
        setting = Setting.of(each) if get_origin(each.type) is Annotated else None
        if setting is not None and setting.minimum is not None:
            value = getattr(record, each.name)
            if value is not None and value < setting.minimum:
                name = f"--{setting.flag}" if setting.flag else each.name
                raise ConfigError(f"{name}: expected at least {setting.minimum}, got {value}")


def _families() -> tuple[str, ...]:
    from automl_skin.heads.catalogue import SEARCHED_FAMILIES

    return SEARCHED_FAMILIES


def _fusions() -> tuple[str, ...]:
    from automl_skin.search.space import SEARCHED_FUSIONS

    return SEARCHED_FUSIONS


@dataclass(frozen=True, kw_only=True)
class StudySettings:
    """The settings of a study, not yet checked; see `automl_skin.study.config`."""

    data: Annotated[
        tuple[str | Path, ...],
        Setting(
            "Table of cases: CSV, Parquet or Excel. Given again: another table, joined by the id that they share.",
            DATA,
            may_change=True,
        ),
    ] = ()
    labels: Annotated[
        AnyPath,
        Setting(
            "Table of the diagnoses, where they have one of their own: one column, or one per class; joined by its id.",
            DATA,
            may_change=True,
        ),
    ] = ""
    images: Annotated[
        AnyPath,
        Setting('Folder of the photographs; "" for none: metadata alone is searched.', DATA, may_change=True),
    ] = ""
    target: Annotated[
        str, Setting("Column of the diagnosis; not needed where --labels leave one possibility.", DATA)
    ] = ""
    positive: Annotated[
        Names,
        Setting(
            "Its positive values, separated by commas. Needed where two values are not known by name, as benign and "
            "malignant are; without it, more than two values are several classes.",
            DATA,
            commas=True,
        ),
    ] = ()
    merge_rare: Annotated[
        int,
        Setting(
            "Merge classes of fewer patients or lesions than this into one, `other` [{default}: none].",
            DATA,
            minimum=0,
        ),
    ] = 0
    group: Annotated[
        Names,
        Setting(
            "Column whose equal values belong together; added to those that are recognised. Repeatable.", DATA
        ),
    ] = ()
    split: Annotated[
        str, Setting("Column or table with a plan of your own: development/test, or folds.", DATA)
    ] = ""
    waive_leakage: Annotated[
        bool, Setting("Accept a split that cuts groups; every report says so.", DATA)
    ] = False
    drop_crossing: Annotated[
        bool, Setting("Leave out development rows that share a group with locked ones.", DATA)
    ] = False
    metadata: Annotated[Names, Setting("Metadata column. Repeatable.", DATA)] = ()
    ignore: Annotated[Names, Setting("Column that is not metadata. Repeatable.", DATA)] = ()
    allow: Annotated[Names, Setting("Column that the audit must not quarantine. Repeatable.", DATA)] = ()
    quarantine: Annotated[Names, Setting("Column to keep from training. Repeatable.", DATA)] = ()
    allow_missing: Annotated[
        bool, Setting("Continue although more than 5 % of the images are missing.", DATA)
    ] = False
    case_column: Annotated[str, Setting('Column of the case; "" for none.', DATA)] = RECOGNISED
    image_column: Annotated[str, Setting("Column of the image id or path.", DATA)] = RECOGNISED
    image_role_column: Annotated[str, Setting('Column of the kind of photograph; "" for none.', DATA)] = (
        RECOGNISED
    )
    patient_column: Annotated[str, Setting('Column of the patient; "" for none.', DATA)] = RECOGNISED
    lesion_column: Annotated[str, Setting('Column of the lesion; "" for none.', DATA)] = RECOGNISED
    source_column: Annotated[str, Setting('Column of the collection or hospital; "" for none.', DATA)] = (
        RECOGNISED
    )
    folds: Annotated[int, Setting("Folds of the development part [{default}].", DATA, minimum=2)] = 5
    locked_share: Annotated[float, Setting("Share of the locked test set [{default}].", DATA)] = 0.2

    backbone: Annotated[
        Names,
        Setting(
            "timm name, tagged name, or folder in --weights-dir; none beside --embeddings. Repeatable.",
            NETWORKS,
        ),
    ] = ("mobilenetv2_100",)
    embeddings: Annotated[
        Names,
        Setting(
            "Vectors made elsewhere, FILE or NAME=FILE: Parquet or npz with ids and vectors. Repeatable.",
            NETWORKS,
            may_change=True,
        ),
    ] = ()
    weights: Annotated[
        Literal["pretrained", "random"], Setting("pretrained or random [{default}].", NETWORKS)
    ] = "pretrained"
    weights_dir: Annotated[
        AnyPath, Setting("Folder of weights in timm's hub layout.", NETWORKS, may_change=True)
    ] = ""
    size: Annotated[str, Setting("Input in pixels: HEIGHTxWIDTH or one side.", NETWORKS)] = ""
    fit: Annotated[
        Literal["squash", "crop"],
        Setting(
            "squash photographs into the input, or crop: scale the shorter side, cut out the centre [{default}].",
            NETWORKS,
        ),
    ] = "squash"
    resize: Annotated[
        str,
        Setting(
            "Size like --size to fit photographs to before the input is cut out of them; tuning cuts anywhere.",
            NETWORKS,
        ),
    ] = ""
    views: Annotated[
        Literal[1, 4, 8], Setting("1, 4 or 8 flips whose embeddings are averaged [{default}].", NETWORKS)
    ] = 1
    colour: Annotated[
        tuple[Literal["none", "shades_of_grey"], ...],
        Setting("Colour constancy: none, shades_of_grey. Repeatable: both are searched.", NETWORKS),
    ] = ("none",)
    device: Annotated[str, Setting("auto, cpu, cuda, cuda:1 ...", NETWORKS, may_change=True)] = "auto"
    batch_size: Annotated[
        int, Setting("Images per step of stage one.", NETWORKS, minimum=0, may_change=True)
    ] = 0

    tuning: Annotated[
        Names,
        Setting(
            "none, auto (device and budget decide), head, partial, full, joint or robust, with changes of its own "
            "in quotes: 'full epochs=6 sampling=balanced'. Repeatable: carried out in this order [{default}].",
            TUNING,
        ),
    ] = ("auto",)
    tuning_budget_seconds: Annotated[
        float | None, Setting("Time for tuning in all: 45m, 2h.", TUNING, may_change=True)
    ] = None
    tuning_set: Annotated[
        Names,
        Setting(
            "Change of every tuning, such as epochs=6, loss=focal or fusion.layers=2; one given with a name wins. "
            "Repeatable.",
            TUNING,
        ),
    ] = ()
    way: Annotated[
        Names,
        Setting(
            "How tuned networks reach stage two: within, rotation, logits, own. Repeatable [{default}].",
            TUNING,
        ),
    ] = ("within", "logits", "own")
    towers: Annotated[
        Literal["own", "shared", "joint"],
        Setting(
            "Where a case has several kinds of photograph: own tuned networks for each kind, shared ones, or joint: "
            "one for each kind, all tuned together with an embedding network [{default}].",
            TUNING,
        ),
    ] = "own"
    devices: Annotated[
        Names,
        Setting("Devices that tune side by side: cuda:0,cuda:1.", TUNING, may_change=True, commas=True),
    ] = ()

    trials: Annotated[
        int | None,
        Setting(
            "Total of the study's trials [200; with --budget as many as there is time for].",
            SEARCH,
            minimum=1,
            may_change=True,
        ),
    ] = None
    budget_seconds: Annotated[
        float | None,
        Setting(
            "Time for the whole study: 90s, 15m, 2h; earlier calls count. The search ends so that stack, shifts and "
            "report fit in as well, or after --trials if these are over first.",
            SEARCH,
            may_change=True,
        ),
    ] = None
    timeout_seconds: Annotated[
        float | None, Setting("Begin no trial after this: 45m, 2h.", SEARCH, may_change=True)
    ] = None
    metric: Annotated[
        str,
        Setting(
            "auc, average_precision, balanced_accuracy, macro_f1 (classes called at 0.5), macro_f1_largest, "
            "weighted_f1, f1 (of a binary target), expected_cost, log_loss or partial_auc [{default}].",
            SEARCH,
        ),
    ] = "auc"
    costs: Annotated[
        AnyPath,
        Setting(
            "Table of what decisions cost: true classes in rows, decided ones in columns; for expected_cost.",
            SEARCH,
        ),
    ] = ""
    min_tpr: Annotated[float, Setting("Bound of partial_auc [{default}].", SEARCH)] = 0.8
    sensitivity: Annotated[
        float, Setting("Sensitivity that the stored threshold promises of new cases [{default}].", SEARCH)
    ] = 0.95
    confidence: Annotated[
        float | None,
        Setting(
            "With which that sensitivity is promised, such as 0.95; without it the promise is of the average.",
            SEARCH,
        ),
    ] = None
    family: Annotated[Names, Setting("Head family to search. Repeatable.", SEARCH)] = field(
        default_factory=_families
    )
    fusion: Annotated[Names, Setting("Fusion to search. Repeatable.", SEARCH)] = field(
        default_factory=_fusions
    )
    sampler: Annotated[
        Literal["tpe", "per_second", "random"],
        Setting(
            "tpe, per_second (expected gain by expected seconds of fitting) or random [{default}].", SEARCH
        ),
    ] = "tpe"
    seed: Annotated[int, Setting("Seed of everything random [{default}].", SEARCH, minimum=0)] = 0
    objective: Annotated[
        Literal["auc", "robust"],
        Setting(
            "auc, or robust: the mean of the metric and of the metric on shifted images [{default}].", SEARCH
        ),
    ] = "auc"
    shift_cases: Annotated[
        int, Setting("Cases whose images are shifted to measure that [{default}].", SEARCH, minimum=0)
    ] = 1000
    jobs: Annotated[
        int,
        Setting(
            "Worker processes; one per core, at most four, by default.", SEARCH, minimum=0, may_change=True
        ),
    ] = 0

    tracking_uri: Annotated[
        str, Setting("MLflow server; the workspace's own store by default.", PLACES, may_change=True)
    ] = ""

    mask_share: Annotated[float, Setting("Share of values masked in training.", FILE_ONLY)] = 0.1
    mask_case_share: Annotated[
        float, Setting("Share of cases whose metadata is masked whole.", FILE_ONLY)
    ] = 0.05
    missing_indicators: Annotated[bool, Setting("Encode whether a value is missing.", FILE_ONLY)] = False
    imputation: Annotated[
        Literal["neutral", "mean", "median"], Setting("What fills in a missing number.", FILE_ONLY)
    ] = "neutral"
    scaling: Annotated[Literal["standard", "unit"], Setting("How numbers are scaled.", FILE_ONLY)] = (
        "standard"
    )


FIELDS = {each.name: each for each in fields(StudySettings)}
"""The fields by name, in the order of the help."""

SETTINGS = {name: Setting.of(each) for name, each in FIELDS.items()}
"""What is known of each setting, by name."""
