"""What `explain` can be asked for; the command line takes its options from here, so this module loads nothing heavy."""

from dataclasses import dataclass, field
from typing import Annotated

from automl_skin.errors import ConfigError
from automl_skin.settings import AnyPath
from automl_skin.study.settings import Setting, check_minimums

CAM, IMPORTANCES, MAPS = "cam", "importances", "maps"
WHAT = (CAM, IMPORTANCES, MAPS)
PREDICTED, LABEL = "predicted", "label"


@dataclass(frozen=True)
class HeatOptions:
    """Which heat is shown, and of which cases the HeatMap index is measured.

    Cases that are not named are drawn at random, as many of each class. Without masks there is no index.
    """

    cases: Annotated[
        tuple[str, ...], Setting("Cases of the picture of heat, separated by commas.", commas=True)
    ] = ()
    n_shown: Annotated[
        int, Setting("Cases that are drawn where none are named [{default}].", minimum=1, flag="show")
    ] = 12
    n_index: Annotated[
        int,
        Setting("Cases whose HeatMap index is measured [{default}].", minimum=3, flag="index-cases"),
    ] = 300
    masks: Annotated[
        AnyPath | None, Setting("Folder of lesion masks, NAME_segmentation.png: gives the HeatMap index.")
    ] = None
    of_class: Annotated[
        str, Setting("What heat explains: predicted, label, or a class [{default}].", flag="class")
    ] = PREDICTED
    method: Annotated[str, Setting("grad-cam or cam [{default}].")] = "grad-cam"

    def __post_init__(self) -> None:
        check_minimums(self)


@dataclass(frozen=True)
class MapOptions:
    """What is laid out on a map; its cases are drawn at random."""

    n_points: Annotated[int, Setting("Cases on a map [{default}].", minimum=4, flag="points")] = 2000
    by: Annotated[str, Setting("How a map is laid out: tsne or umap [{default}].")] = "tsne"

    def __post_init__(self) -> None:
        check_minimums(self)


@dataclass(frozen=True)
class ExplainOptions:
    """What is explained, of which trials; by default the best of their kinds, and the members of the stack."""

    what: Annotated[
        tuple[str, ...],
        Setting("What to explain, separated by commas: cam, importances, maps [all].", commas=True),
    ] = WHAT
    trials: Annotated[
        tuple[int, ...],
        Setting("Number of a trial [the best of their kinds]. Repeatable.", flag="trial"),
    ] = ()
    against: Annotated[str, Setting("STUDY or STUDY:NUMBER whose heat is compared, on the same cases.")] = ""
    names: Annotated[
        tuple[str, ...],
        Setting("What a model is called in pictures of heat. Repeatable, in their order.", flag="name"),
    ] = ()
    without_metadata: Annotated[
        bool, Setting("Show heat of one model with and without the cases' metadata.")
    ] = False
    heat: HeatOptions = field(default_factory=HeatOptions)
    maps: MapOptions = field(default_factory=MapOptions)

    def __post_init__(self) -> None:
        unknown = [name for name in self.what if name not in WHAT]
        if unknown or not self.what:
            raise ConfigError(
                f"--what: expected some of {', '.join(WHAT)}; got {', '.join(unknown) or 'none'}"
            )
