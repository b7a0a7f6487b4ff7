"""Intervals and numbers that may not exist, as text."""

import math
from collections.abc import Sequence

from automl_skin.metrics.intervals import Interval


def known(value: float) -> float | None:
    """Return a number, or None for one that is not defined."""
    return value if math.isfinite(value) else None


def in_words(interval: Interval | None, *, signed: bool = False, digits: int = 3) -> str:
    """Return ``0.912 (0.890 to 0.931)``, or "not defined".

    Examples
    --------
    >>> in_words(Interval(0.91234, 0.89, 0.9312))
    '0.912 (0.890 to 0.931)'
    >>> in_words(Interval(0.01, -0.002, 0.02), signed=True)
    '+0.010 (-0.002 to +0.020)'
    >>> in_words(Interval(1.0, 0.4, 1.0, enough=False))
    '1.000 (0.400 to 1.000; too few to tell)'
    """
    if interval is None:
        return "not defined"
    value, low, high = (
        f"{x:{'+' if signed else ''}.{digits}f}" for x in (interval.value, interval.low, interval.high)
    )
    return f"{value} ({low} to {high}{'' if interval.enough else '; too few to tell'})"


def number(value: float | None, digits: int = 3) -> str:
    """Return a number as text, or "not defined"."""
    return "not defined" if value is None else f"{value:.{digits}f}"


def listed(names: Sequence[str]) -> str:
    """Return names as a person lists them.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    if len(names) < 2:  # nothing to join
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
