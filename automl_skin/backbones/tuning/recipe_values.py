"""What the fields of a tuning recipe may hold."""

import math
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

from automl_skin.errors import ConfigError

_TEXTS = {
    "size": (re.compile(r"([1-9]\d*x[1-9]\d*)?"), "HEIGHTxWIDTH in pixels or empty"),
    "resize": (re.compile(r"([1-9]\d*x[1-9]\d*)?"), "HEIGHTxWIDTH in pixels or empty"),
    "milestones": (re.compile(r"([1-9]\d*(,[1-9]\d*)*)?"), "epochs such as 50,120,200 or empty"),
    "fusion": (re.compile(r"[a-z][a-z0-9_]*"), "the name of a fusion"),
}

# lowest and highest value of the numbers, both included
_BOUNDS: dict[str, tuple[float, float]] = {
    "epochs": (1, 10_000),
    "batch_size": (1, 65_536),
    "learning_rate": (1e-9, 100.0),
    "weight_decay": (0.0, 10.0),
    "layer_decay": (0.01, 1.0),
    "warm_up": (0.0, 10_000.0),
    "step_factor": (1e-6, 1.0),
    "warm_up_rate": (0.0, 1.0),
    "label_smoothing": (0.0, 0.9),
    "ema": (0.0, 0.99999),
    "drop_path": (0.0, 0.9),
    "mixup": (0.0, 10.0),
    "wise": (0.0, 1.0),
    "inner_parts": (0, 1000),
    "patience": (0, 10_000),
    "metadata_width": (1, 4096),
    "metadata_dropout": (0.0, 1.0),
    "head_dropout": (0.0, 0.95),
}


def checked(name: str, kind: Any, value: Any) -> str | int | float:
    """Return a value in its field's own type; 1 and 1.0 must have one digest.

    Parameters
    ----------
    name : str
        Of the field.
    kind : type
        The field's: int, float, str or a ``Literal`` of texts.

    Raises
    ------
    ConfigError
        If the value is of another type, or out of the field's range.
    """
    if get_origin(kind) is Literal:
        return _checked_choice(name, get_args(kind), value)
    if kind is str:
        return _checked_text(name, value)
    allowed = (int,) if kind is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, allowed):
        wanted = "a whole number" if kind is int else "a number"
        raise ConfigError(f"{name} of a tuning recipe: expected {wanted}, got {value!r}")
    low, high = _BOUNDS[name]
    if not (math.isfinite(value) and low <= value <= high):
        raise ConfigError(f"{name} of a tuning recipe: expected {low:g} to {high:g}, got {value!r}")
    return int(value) if kind is int else float(value)


def _checked_choice(name: str, allowed: tuple[str, ...], value: Any) -> str:
    if value not in allowed:
        choices = ", ".join(choice or '""' for choice in allowed)
        raise ConfigError(f"{name} of a tuning recipe: expected one of {choices}, got {value!r}")
    return str(value)


def _checked_text(name: str, value: Any) -> str:
    pattern, wanted = _TEXTS[name]
    if not (isinstance(value, str) and pattern.fullmatch(value)):
        raise ConfigError(f"{name} of a tuning recipe: expected {wanted}, got {value!r}")
    return value


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return what a mistyped name may have meant, in brackets; empty where nothing is close."""
    close = get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""
