"""Dates and times: never a category, and no number that a model should learn."""

import re
import warnings
from typing import Any

import pandas as pd

from automl_skin.data.headers import means_date, plain_text
from automl_skin.data.table import canonical_text, holds_numbers, to_numbers

MIN_SHARE = 0.9
MAX_LOOKED_AT = 1_000
_YEAR = r"(?:1[89]|20|21)\d\d"
_DAY, _MONTH = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
_TIME = r"(?:[01]?\d|2[0-3])[:h][0-5]\d(?:[:.][0-5]\d(?:[.,]\d+)?)?(?:\s?[ap]m)?"
_ZONE = r"(?:\s?(?:z|utc|[+-]\d\d:?\d\d))?"
_NAMED_MONTH = (
    r"(?:jan|feb|fev|mar|apr|abr|avr|mai|may|mag|maggio|jun|juin|giu|jul|juil|lug|aug|ago|aou|sep|set|okt|oct|ott|out"
    r"|nov|dec|dez|dic|ene|gen|maerz|marz)[a-z]*\.?"
)
_DATES = (
    rf"{_YEAR}[-/.]{_MONTH}[-/.]{_DAY}",
    rf"{_DAY}[-/.]{_MONTH}[-/.](?:{_YEAR}|\d\d)",
    rf"{_MONTH}[-/.]{_DAY}[-/.](?:{_YEAR}|\d\d)",
    rf"{_YEAR}-{_MONTH}",
    rf"{_MONTH}[/.]{_YEAR}",
    rf"{_DAY}\.{_MONTH}\.",
    rf"{_DAY}\.?[-\s]?(?:de\s)?{_NAMED_MONTH}[-\s,]*(?:de\s)?(?:{_YEAR}|\d\d)",
    rf"{_NAMED_MONTH}\s{_DAY}(?:st|nd|rd|th)?,?\s{_YEAR}",
)
_WHOLE = re.compile(rf"(?:{'|'.join(_DATES)})(?:[t\s,]+{_TIME}{_ZONE})?|{_TIME}")
_COMPACT = rf"{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{{6}})?"
_SERIAL_LOW, _SERIAL_HIGH = 20_000, 60_000  # days as Excel counts them: 1954 to 2064
_SECONDS_LOW = 1e8


def holds_dates(values: "pd.Series[Any]") -> bool:
    """Whether nearly all values of a column are dates or times, as text or, by its name, as numbers."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return True
    text = canonical_text(values).dropna()
    if text.empty:
        return False
    every = text.unique()
    unique = pd.Series(every[:: max(1, len(every) // MAX_LOOKED_AT)], dtype="str")
    return bool(unique.map(_is_date).mean() >= MIN_SHARE) or _are_numbers_of_dates(values, unique)


def to_days(values: "pd.Series[Any]") -> "pd.Series[float]":
    """Return dates as numbers in their order (days since 1970 where they are written as text), NaN for what is none.

    Names of months in other languages than English are not understood.
    """
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        moments = values
    else:
        numbers = to_numbers(values)
        text = canonical_text(values)
        if numbers.notna().sum() == text.notna().sum():
            return numbers
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pandas warns of each way in which a day may be meant
            is_german = bool(text.dropna().str.contains(r"^\d\d?\.").mean() >= MIN_SHARE)
            moments = pd.to_datetime(text, errors="coerce", format="mixed", dayfirst=is_german, utc=True)
    since = moments - pd.Timestamp(0, tz=moments.dt.tz)
    return since / pd.Timedelta(days=1)


def _is_date(value: str) -> bool:
    return _WHOLE.fullmatch(plain_text(value)) is not None


def _are_numbers_of_dates(values: "pd.Series[Any]", unique: "pd.Series[str]") -> bool:
    """Whether whole numbers are days written together, or, where the name says so, counted."""
    if bool(unique.str.fullmatch(_COMPACT).mean() >= MIN_SHARE):
        return True
    numbers = to_numbers(values).dropna()
    if not means_date(str(values.name)) or not holds_numbers(values):
        return False
    in_days = numbers.between(_SERIAL_LOW, _SERIAL_HIGH)
    return bool(in_days.mean() >= MIN_SHARE or (numbers >= _SECONDS_LOW).mean() >= MIN_SHARE)
