"""What is decided about a curation before it begins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from automl_skin.errors import ConfigError

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


@dataclass(frozen=True)
class CurationRules:
    """How a table is curated; the defaults are those of the paper where it says how.

    Parameters
    ----------
    class_column : str
        Column from which melanoma or not is told.
    melanoma : tuple of str
        Its values that are melanoma (section 4.1: 'malignant' or 'indeterminate/malignant').
    unlabelled : {"negative", "drop"}
        What becomes of rows without a value there. The paper counts "the remaining categories" as NON-MEL: its
        published table holds 748 such rows, all of them NON-MEL.
    sex, age, site : str
        Columns of the three fields.
    merged_sites : mapping of str to str
        Sites that become another one.
    any_year : bool
        A published list names copies ("the 2016 copy of this image"). By default such an entry drops rows of that
        year alone; with this, it drops the image whatever its year.
    balance : bool
        Keep as many rows of each class as the rarer one has.
    balance_within : str
        Column within whose values classes are balanced, empty for none. A split is always balanced by its parts.
    complete_negatives : bool
        Take the NON-MEL rows among those whose three fields are known, as the paper did. Then a missing value tells
        melanoma: of its new rows 313 of 3,625 MEL have no site, and of the NON-MEL none. So this is off by default.
    seed : int
        Of the rows that balancing keeps.

    Raises
    ------
    ConfigError
        If no value is melanoma, or one column is given for two fields.
    """

    class_column: str = "benign_malignant"
    melanoma: tuple[str, ...] = ("malignant", "indeterminate/malignant")
    unlabelled: Literal["negative", "drop"] = "negative"
    sex: str = "sex"
    age: str = "age_approx"
    site: str = "anatom_site_general"
    merged_sites: Mapping[str, str] = field(default_factory=lambda: TORSO)
    any_year: bool = False
    balance: bool = True
    balance_within: str = ""
    complete_negatives: bool = False
    seed: int = 0

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
