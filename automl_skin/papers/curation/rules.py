"""What is decided about a curation before it begins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from automl_skin.errors import ConfigError
from automl_skin.study.settings import Setting

MEL, NON_MEL = "MEL", "NON-MEL"
TARGET = "melanoma"
"""Column of the curated table that holds `MEL` or `NON_MEL`."""

SPLIT = "split"
"""Column of the curated table that says ``train`` or ``test``."""

TRAIN, TEST = "train", "test"

TORSO: Mapping[str, str] = {
    "anterior torso": "torso",
    "posterior torso": "torso",
    "lateral torso": "torso",
}
"""Sites that are one in the ISIC 2020 test set (section 4.2)."""


CLASSES = "Melanoma or not"
COPIES = "Duplicates"
METADATA = "Metadata"
"""Panels of the command line's help."""


FETCH = "isic image download --collections 469 FOLDER"
"""Fetches photographs and metadata of the paper's collection with isic-cli."""


@dataclass(frozen=True)
class CurationRules:
    """How a table is curated; the defaults are those of the paper where it says how.

    The paper counts "the remaining categories" as NON-MEL: its published table holds 748 rows without a value, all of
    them NON-MEL. An entry of a published list names a copy ("the 2016 copy of this image"), so by default it drops rows
    of that year alone. With complete negatives a missing value tells melanoma: of the paper's new rows 313 of 3,625 MEL
    have no site, and of the NON-MEL none.

    Raises
    ------
    ConfigError
        If no value is melanoma, or one column is given for two fields.
    """

    any_year: Annotated[
        bool,
        Setting("An entry such as 2016/train/ISIC_0003346.jpg drops the image in every year.", COPIES),
    ] = False
    class_column: Annotated[str, Setting("Column that tells melanoma [{default}].", CLASSES)] = (
        "benign_malignant"
    )
    melanoma: Annotated[
        tuple[str, ...],  # section 4.1
        Setting("Its values that are melanoma, separated by commas [{default}].", CLASSES, commas=True),
    ] = ("malignant", "indeterminate/malignant")
    unlabelled: Annotated[
        Literal["negative", "drop"], Setting("Rows without a value: negative or drop [{default}].", CLASSES)
    ] = "negative"
    balance: Annotated[
        bool,
        Setting("Keep as many rows of each class as the rarer one has, in each part (default).", CLASSES),
    ] = True
    balance_within: Annotated[str, Setting("Column; classes are balanced within each value.", CLASSES)] = ""
    complete_negatives: Annotated[
        bool,
        Setting(
            "Take NON-MEL rows whose metadata is complete, as the paper did; missing values then tell melanoma.",
            CLASSES,
        ),
    ] = False
    seed: Annotated[int, Setting("Seed of the rows that balancing keeps [{default}].", CLASSES)] = 0
    sex: Annotated[str, Setting("Column of the sex [{default}].", METADATA, flag="sex-column")] = "sex"
    age: Annotated[str, Setting("Column of the age [{default}].", METADATA, flag="age-column")] = "age_approx"
    site: Annotated[str, Setting("Column of the site [{default}].", METADATA, flag="site-column")] = (
        "anatom_site_general"
    )
    merged_sites: Mapping[str, str] = field(default_factory=lambda: TORSO)

    def __post_init__(self) -> None:
        if not self.melanoma:
            raise ConfigError("--melanoma: expected at least one value, got none")
        if self.unlabelled not in {"negative", "drop"}:
            raise ConfigError(f"--unlabelled: expected negative or drop, got {self.unlabelled!r}")
        columns = (self.class_column, *self.fields)
        if len(set(columns)) < len(columns):
            raise ConfigError(
                f"class, sex, age and site: expected four different columns, got {', '.join(columns)}"
            )

    @property
    def fields(self) -> tuple[str, str, str]:
        """The columns of sex, age and site."""
        return self.sex, self.age, self.site


@dataclass(frozen=True)
class CurationJob:
    """What is curated, and where to.

    Raises
    ------
    ConfigError
        If the options contradict each other, or two tables have the same file name.
    """

    data: Annotated[tuple[Path, ...], Setting("Table: CSV or Parquet. Repeatable: put below each other.")]
    output: Annotated[Path, Setting("Folder of the curated table, record and report.")]
    images: Annotated[Path | None, Setting("Folder of the photographs, to compare their bytes.")] = None
    held_out: Annotated[tuple[Path, ...], Setting("Table whose rows are the test part. Repeatable.")] = ()
    duplicates: Annotated[
        tuple[Path, ...],
        Setting("Published list of duplicates: paths or ids, as text or CSV. Repeatable.", COPIES),
    ] = ()
    against: Annotated[
        tuple[Path, ...],
        Setting("Table of a set curated earlier; its images are dropped here. Repeatable.", COPIES),
    ] = ()
    split: Annotated[str, Setting("Column that says train or test.")] = ""
    image_column: Annotated[str, Setting("Column of the image id; recognised by its name if empty.")] = ""
    impute: Annotated[
        bool, Setting("Fill in missing values (default): sex by mode, age by median, site unknown.", METADATA)
    ] = True
    only_with_image: Annotated[bool, Setting("Drop rows whose image is not in the folder.")] = False
    rules: CurationRules = field(default_factory=CurationRules)

    def __post_init__(self) -> None:
        if self.held_out and self.split:
            raise ConfigError("--held-out and --split say the same in two ways; give one of them")
        if self.only_with_image and self.images is None:
            raise ConfigError("--only-with-image needs the folder of the images; give --images")
        names = [path.name for path in (*self.data, *self.held_out, *self.against)]
        if len(set(names)) < len(names):
            raise ConfigError(
                f"tables: expected different file names, by which rows are recorded, got {', '.join(names)}"
            )
