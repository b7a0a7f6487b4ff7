"""Tables as users have them: read from CSV or Parquet, cleaned of words for missing."""

from typing import Any

import pandas as pd

MISSING_WORDS = frozenset({"", "unknown", "unk", "na", "nan", "n/a", "<na>", "none", "null", "?"})


def canonical_text(values: "pd.Series[Any]") -> "pd.Series[str]":
    """Return values as text, missing words as NA and whole numbers without a decimal part.

    So ``1``, ``1.0`` and ``"1.0"`` are one level, whatever the rest of the column made of its type.
    """
    text = values.astype("str").str.strip().str.replace(r"^([+-]?\d+)\.0+$", r"\1", regex=True)
    return text.mask(values.isna() | text.str.lower().isin(MISSING_WORDS))
