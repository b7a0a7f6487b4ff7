"""Whether the values of a column allow the role that its name speaks for."""

from typing import Any

import pandas as pd

from automl_skin.data.headers import WEAK_NAMES, normal_name
from automl_skin.data.identifiers import is_prose, mostly_image_names
from automl_skin.data.table import id_text, name_rows

MAX_ROWS_PER_CASE = 10
MAX_SOURCES = 20
MAX_SOURCE_SHARE = 0.05
MAX_IMAGE_ROLES = 12
FEW_IDS = 10
MOSTLY_WORDS = 0.5
MAX_ROWS_PER_WORD = 5
TRUTHS = frozenset(
    {
        *("0", "1", "true", "false", "yes", "no", "y", "n", "ja", "nein", "oui", "non", "si", "sí", "sì"),
        *("sim", "não", "nao", "case", "control"),
    }
)


def why_not(role: str, values: "pd.Series[Any]") -> str | None:
    """Return why a column that is named like a role cannot have it, or ``None``.

    Examples
    --------
    >>> why_not("case", pd.Series(["a", None], name="case_id"))
    'it is empty in row 2'
    >>> why_not("source", pd.Series(["a", "b"], name="hospital")) is None
    True
    """
    text = id_text(values)
    present = text.dropna()
    if present.empty:
        return "it is empty"
    if role == "source":
        return _why_no_source(present)
    if len(present) >= FEW_IDS and set(present.str.lower()) <= TRUTHS:
        return f"it holds {', '.join(map(repr, sorted(present.unique())))} only"
    if role == "case":
        return _why_no_case(text)
    if role == "image_role":
        return _why_no_kind(present)
    return _why_no_id(present, weak=normal_name(str(values.name)) in WEAK_NAMES[role])


def _why_no_case(text: "pd.Series[str]") -> str | None:
    """Return why a column does not hold the id of what gets one score."""
    missing = text.isna()
    if missing.any():
        return f"it is empty in {name_rows(text.index[missing])}"
    if is_prose(text):
        return "it holds sentences"
    if len(text) > MAX_ROWS_PER_CASE * text.nunique():
        return f"it has {text.nunique():,} different values only in {len(text):,} rows"
    return None


def _why_no_source(present: "pd.Series[str]") -> str | None:
    """Return why a column does not hold the collection or hospital: these are few."""
    levels, rows = present.nunique(), len(present)
    if mostly_image_names(present):
        return "it holds names of image files"
    if levels > max(MAX_SOURCES, MAX_SOURCE_SHARE * rows) or (levels == rows and rows > FEW_IDS):
        return f"it has {levels:,} different values in {rows:,} rows, too many for sources"
    return None


def _why_no_kind(present: "pd.Series[str]") -> str | None:
    """Return why a column does not hold the kind of photograph."""
    levels = present.nunique()
    many = levels > MAX_IMAGE_ROLES
    return f"it has {levels:,} different values, too many for kinds of photograph" if many else None


def _why_no_id(present: "pd.Series[str]", *, weak: bool) -> str | None:
    """Return why a column does not hold ids; a `weak` name may mean something else."""
    levels, rows = present.nunique(), len(present)
    if mostly_image_names(present):
        return "it holds names of image files"
    if not weak:
        return None
    if is_prose(present):
        return "it holds sentences"
    if levels < FEW_IDS and rows > FEW_IDS * levels:
        return f"it has {levels:,} different values only in {rows:,} rows"
    if present.str.contains(r"\d").mean() < MOSTLY_WORDS and rows > MAX_ROWS_PER_WORD * levels:
        return f"its {levels:,} different values in {rows:,} rows are words"
    return None
