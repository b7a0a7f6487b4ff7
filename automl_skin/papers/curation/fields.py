"""Sex, age and site: read, filled where missing, and encoded as in Ahammed et al. 2025.

Missing values (section 3) become: sex the mode, age the median, site ``unknown``. The paper does not say on which rows
mode and median were taken, and speaks of the data set as a whole. Here they are those of the training rows where there
is a split, so that no held-out row takes part in them.

A model is given (section 4.2) sex, age and the site one-hot. The paper speaks of 8 one-hot columns; the six sites of
the ISIC 2020 test set and ``unknown`` are 7. It does not say what the eighth is.
"""

from dataclasses import dataclass

import pandas as pd

from automl_skin.data.table import canonical_text, to_numbers
from automl_skin.errors import TableError
from automl_skin.papers.curation.rules import SPLIT, TEST, CurationRules

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Fill:
    """What missing values become.

    Parameters
    ----------
    sex : str
        The most frequent one; of several the first by letters.
    age : float
        The median in years.
    rows : int
        On how many rows they were taken.
    """

    sex: str
    age: float
    site: str
    rows: int

    def value(self, rules: CurationRules, column: str) -> str | float:
        """Return what is filled into one of the columns."""
        values: dict[str, str | float] = {rules.sex: self.sex, rules.age: self.age, rules.site: self.site}
        return values[column]

    def why(self, rules: CurationRules, column: str) -> str:
        """Say what the value of a column is."""
        what = {rules.sex: "the mode", rules.age: "the median"}.get(column)
        return f"missing; {what} of {self.rows:,} rows" if what else "missing"


def read_fields(table: pd.DataFrame, rules: CurationRules) -> pd.DataFrame:
    """Return the table with sex and site as lower-case text and age as a number.

    Raises
    ------
    TableError
        If an age is no number or cannot be one of a person.
    """
    ages = to_numbers(table[rules.age])
    wrong = canonical_text(table[rules.age]).notna() & ~ages.between(0, 120)
    if wrong.any():
        name, row = table.index[wrong][0]
        found = table.loc[wrong, rules.age].iloc[0]
        raise TableError(
            f"column {rules.age!r}: expected ages from 0 to 120, got {int(wrong.sum())} others "
            f"(first {name}, row {row}: {found!r}); correct them or empty them"
        )
    text = table[[rules.sex, rules.site]].apply(lambda values: canonical_text(values).str.lower())
    return table.assign(**{rules.sex: text[rules.sex], rules.age: ages, rules.site: text[rules.site]})


def fit_fill(table: pd.DataFrame, rules: CurationRules) -> Fill:
    """Return what missing values become, taken on the training rows.

    Raises
    ------
    TableError
        If no training row has a sex or an age.
    """
    training = table[table[SPLIT] != TEST] if SPLIT in table else table
    for column in (rules.sex, rules.age):
        if training[column].notna().sum() == 0:
            raise TableError(
                f"column {column!r}: expected a value in at least one of the {len(training)} training rows, got none; "
                "check the column's name, or give --no-impute"
            )
    modes = training[rules.sex].mode()
    return Fill(str(modes.iloc[0]), float(training[rules.age].median()), UNKNOWN, len(training))


MALE = "male"
SITES = (
    "head/neck",
    "lower extremity",
    "oral/genital",
    "palms/soles",
    "torso",
    "upper extremity",
    UNKNOWN,
)
"""The sites of the ISIC 2020 challenge, and unknown; a table's further sites get columns after them."""


def encode(table: pd.DataFrame, rules: CurationRules) -> pd.DataFrame:
    """Return the columns ``sex`` (1 male, 0 any other), ``age_approx`` in years, and ``site_<name>``.

    Parameters
    ----------
    table : DataFrame of n_rows rows
        Curated: nothing is missing in the three fields.
    """
    sites = table[rules.site]
    levels = [*SITES, *sorted(set(sites) - set(SITES))]
    one_hot = {f"site_{level.replace(' ', '_')}": (sites == level).astype("int64") for level in levels}
    numbers = {"sex": (table[rules.sex] == MALE).astype("int64"), "age_approx": table[rules.age]}
    return pd.DataFrame({**numbers, **one_hot}, index=table.index)
