"""The vector of numbers that a model is given: sex, age and the site one-hot (Ahammed et al. 2025, section 4.2).

The paper speaks of 8 one-hot columns; the six sites of the ISIC 2020 test set and ``unknown`` are 7. Which the eighth
was it does not say.
"""

import pandas as pd

from automl_skin.papers.curation.imputation import UNKNOWN
from automl_skin.papers.curation.rules import CurationRules

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
    rules : CurationRules

    Returns
    -------
    DataFrame of n_rows rows
    """
    sites = table[rules.site]
    levels = [*SITES, *sorted(set(sites) - set(SITES))]
    one_hot = {f"site_{level.replace(' ', '_')}": (sites == level).astype("int64") for level in levels}
    numbers = {"sex": (table[rules.sex] == MALE).astype("int64"), "age_approx": table[rules.age]}
    return pd.DataFrame({**numbers, **one_hot}, index=table.index)
