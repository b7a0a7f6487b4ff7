"""Intervals and numbers that may not exist, as JSON and as text."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from automl_skin.metrics.intervals import Interval


def interval_from_json(value: Mapping[str, Any] | None) -> Interval | None:
    """Return the interval that `interval_to_json` wrote."""
    return None if value is None else Interval(**value)


def interval_to_json(interval: Interval | None) -> dict[str, float] | None:
    """Return an interval as JSON; None stays None."""
    return None if interval is None else asdict(interval)


def known(value: float) -> float | None:
    """Return a number, or None for one that is not defined: JSON has no NaN."""
    return value if math.isfinite(value) else None


def in_words(interval: Interval | None, *, signed: bool = False) -> str:
    """Return ``0.912 (0.890 to 0.931)``, or "not defined".

    Examples
    --------
    >>> in_words(Interval(0.91234, 0.89, 0.9312))
    '0.912 (0.890 to 0.931)'
    >>> in_words(Interval(0.01, -0.002, 0.02), signed=True)
    '+0.010 (-0.002 to +0.020)'
    """
    if interval is None:
        return "not defined"
    value, low, high = (
        f"{x:+.3f}" if signed else f"{x:.3f}" for x in (interval.value, interval.low, interval.high)
    )
    return f"{value} ({low} to {high})"


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
