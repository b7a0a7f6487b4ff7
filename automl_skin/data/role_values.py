"""Whether the values of a column allow the role that its name speaks for; each test returns why not, or None."""

import re

import pandas as pd

from automl_skin.data.table import name_rows

MAX_ROWS_PER_CASE = 10
MAX_SOURCES = 20
MAX_SOURCE_SHARE = 0.05
MAX_IMAGE_ROLES = 12
MIN_DIFFERENT_IMAGES = 0.5
"""Share of the rows that have an image id of their own."""
FEW_IDS = 10
MIN_NUMBERED = 0.5
MAX_ROWS_PER_WORD = 5
MIN_IMAGE_NAMES = 0.9
FREE_TEXT_WORDS = 5
TRUTHS = frozenset(
    [
        "0",
        "1",
        "true",
        "false",
        "yes",
        "no",
        "y",
        "n",
        "ja",
        "nein",
        "oui",
        "non",
        "si",
        "sí",
        "sì",
        "sim",
        "não",
        "nao",
        "case",
        "control",
    ]
)
IMAGE_NAME = r".+\.(?:jpe?g|png|tiff?|bmp|webp|gif|heic|heif|dcm|dicom)"


def mostly_image_names(text: "pd.Series[str]") -> bool:
    """Whether nearly all values are names of image files."""
    present = text.dropna()
    if present.empty:
        return False
    return bool(present.str.fullmatch(IMAGE_NAME, flags=re.IGNORECASE).mean() >= MIN_IMAGE_NAMES)


def is_prose(text: "pd.Series[str]") -> bool:
    """Whether the values are sentences."""
    present = text.dropna()
    return bool(len(present) and (present.str.count(r"\s+") + 1).mean() >= FREE_TEXT_WORDS)


def mostly_different(text: "pd.Series[str]") -> bool:
    """Whether most rows have a value of their own, as images have."""
    return int(text.nunique()) >= MIN_DIFFERENT_IMAGES * len(text)


def why_no_image(text: "pd.Series[str]") -> str | None:
    """Return why a column does not hold the ids of images."""
    if is_prose(text):
        return "it holds sentences"
    if not mostly_different(text):
        return f"it has only {text.nunique():,} different values in {len(text):,} rows"
    return None


def why_no_case(text: "pd.Series[str]") -> str | None:
    """Return why a column does not hold the id of what gets one score."""
    missing = text.isna()
    if (why := _why_truths(text)) is not None:
        return why
    if missing.any():
        return f"it is empty in {name_rows(text.index[missing])}"
    if is_prose(text):
        return "it holds sentences"
    if len(text) > MAX_ROWS_PER_CASE * text.nunique():
        return f"it has only {text.nunique():,} different values in {len(text):,} rows"
    return None


def why_no_source(text: "pd.Series[str]") -> str | None:
    """Return why a column does not hold the collection or hospital: these are few."""
    levels, rows = text.nunique(), int(text.notna().sum())
    if mostly_image_names(text):
        return "it holds names of image files"
    if levels > max(MAX_SOURCES, MAX_SOURCE_SHARE * rows) or (levels == rows and rows > FEW_IDS):
        return f"it has {levels:,} different values in {rows:,} rows, too many for sources"
    return None


def why_no_photograph_kind(text: "pd.Series[str]") -> str | None:
    """Return why a column does not hold the kind of photograph."""
    levels = text.nunique()
    if levels > MAX_IMAGE_ROLES:
        return f"it has {levels:,} different values, too many for kinds of photograph"
    return _why_truths(text)


def why_no_id(text: "pd.Series[str]") -> str | None:
    """Return why a column does not hold ids."""
    if mostly_image_names(text):
        return "it holds names of image files"
    return _why_truths(text)


def why_words(text: "pd.Series[str]") -> str | None:
    """Return why a column holds words and not ids, where its name may mean either."""
    present = text.dropna()
    levels, rows = present.nunique(), len(present)
    if is_prose(present):
        return "it holds sentences"
    if levels < FEW_IDS and rows > FEW_IDS * levels:
        return f"it has only {levels:,} different values in {rows:,} rows"
    if present.str.contains(r"\d").mean() < MIN_NUMBERED and rows > MAX_ROWS_PER_WORD * levels:
        return f"its {levels:,} different values in {rows:,} rows are words"
    return None


def _why_truths(text: "pd.Series[str]") -> str | None:
    """Return why a column of yes and no is none of ids or kinds; None for any other column."""
    present = text.dropna()
    if len(present) >= FEW_IDS and set(present.str.lower()) <= TRUTHS:
        return f"it holds only {', '.join(map(repr, sorted(present.unique())))}"
    return None
