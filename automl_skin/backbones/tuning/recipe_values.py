"""What the fields of a tuning recipe may hold."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

from automl_skin.errors import ConfigError


@dataclass(frozen=True)
class Between:
    """Lowest and highest value of a number, both included."""

    low: float
    high: float


@dataclass(frozen=True)
class Matching:
    """What a text looks like: a regular expression for all of it, and that in words."""

    pattern: str
    words: str


SIDES = Matching(r"([1-9]\d*x[1-9]\d*)?", "HEIGHTxWIDTH in pixels or empty")


def checked(name: str, kind: Any, value: Any) -> str | int | float:
    """Return a value in its field's own type; 1 and 1.0 must have one digest.

    Parameters
    ----------
    name : str
        Of the field.
    kind : type
        The field's: a ``Literal`` of texts, or int, float or str annotated with a `Between` or a `Matching`.

    Raises
    ------
    ConfigError
        If the value is of another type, or out of the field's range.
    """
    if get_origin(kind) is Literal:
        return _checked_choice(name, get_args(kind), value)
    kind, limit = get_args(kind)
    if isinstance(limit, Matching):
        return _checked_text(name, limit, value)
    allowed = (int,) if kind is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, allowed):
        wanted = "a whole number" if kind is int else "a number"
        raise ConfigError(f"{name} of a tuning recipe: expected {wanted}, got {value!r}")
    if not (math.isfinite(value) and limit.low <= value <= limit.high):
        wanted = f"{limit.low:g} to {limit.high:g}"
        raise ConfigError(f"{name} of a tuning recipe: expected {wanted}, got {value!r}")
    return int(value) if kind is int else float(value)


def _checked_choice(name: str, allowed: tuple[str, ...], value: Any) -> str:
    if value not in allowed:
        choices = ", ".join(choice or '""' for choice in allowed)
        raise ConfigError(f"{name} of a tuning recipe: expected one of {choices}, got {value!r}")
    return str(value)


def _checked_text(name: str, limit: Matching, value: Any) -> str:
    if not (isinstance(value, str) and re.fullmatch(limit.pattern, value)):
        raise ConfigError(f"{name} of a tuning recipe: expected {limit.words}, got {value!r}")
    return value


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return what a mistyped name may have meant, in brackets; empty where nothing is close."""
    close = get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""
