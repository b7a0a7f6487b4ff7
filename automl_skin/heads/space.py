"""Search spaces as plain facts: which values a setting may take, whoever searches them.

A space is a mapping from the field of a family's config to a `Real`, an `Integer` or a `Categorical`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Value = float | int | str | bool | None


@dataclass(frozen=True)
class Real:
    """A real number between two bounds, both included.

    Parameters
    ----------
    low, high : float
        The bounds; `low` is positive where `log` is set.
    log : bool
        Whether the search moves by factors instead of steps.

    Examples
    --------
    >>> Real(0.1, 1.0).contains(0.5), Real(0.1, 1.0).contains(2.0)
    (True, False)
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        _check_bounds(self.low, self.high, log=self.log)

    def contains(self, value: Value) -> bool:
        """Return whether `value` may be taken."""
        return _is_number(value, (int, float)) and self.low <= float(value or 0.0) <= self.high

    def accepts(self, value: Value) -> bool:
        """Return whether `value` may be set by name: all that is searched."""
        return self.contains(value)


@dataclass(frozen=True)
class Integer:
    """A whole number between two bounds, both included; see `Real`.

    Examples
    --------
    >>> Integer(1, 3).contains(3), Integer(1, 3).contains(2.5)
    (True, False)
    """

    low: int
    high: int
    log: bool = False

    def __post_init__(self) -> None:
        _check_bounds(self.low, self.high, log=self.log)

    def contains(self, value: Value) -> bool:
        """Return whether `value` may be taken."""
        return _is_number(value, (int,)) and self.low <= int(value or 0) <= self.high

    def accepts(self, value: Value) -> bool:
        """Return whether `value` may be set by name: all that is searched."""
        return self.contains(value)


@dataclass(frozen=True, init=False)
class Categorical:
    """One of a few values without an order.

    Parameters
    ----------
    *values : value
        What is searched.
    by_name : tuple of value
        What may be set by name, and is never searched.

    Examples
    --------
    >>> Categorical("gelu", "relu").contains("tanh")
    False
    >>> widths = Categorical("narrow", by_name=("published",))
    >>> widths.contains("published"), widths.accepts("published")
    (False, True)
    """

    values: tuple[Value, ...]
    by_name: tuple[Value, ...]

    def __init__(self, *values: Value, by_name: tuple[Value, ...] = ()) -> None:
        if not values:
            message = "Categorical: expected at least one value, got none"
            raise ValueError(message)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "by_name", by_name)

    def contains(self, value: Value) -> bool:
        """Return whether `value` is searched; 1 is not True."""
        return _is_among(value, self.values)

    def accepts(self, value: Value) -> bool:
        """Return whether `value` may be set by name; 1 is not True."""
        return _is_among(value, (*self.values, *self.by_name))


Range = Real | Integer | Categorical
Space = Mapping[str, Range]


def _check_bounds(low: float, high: float, *, log: bool) -> None:
    if low >= high:
        message = f"low: expected less than high, got {low} and {high}"
        raise ValueError(message)
    if log and low <= 0:
        message = f"a logarithmic range: expected a positive low, got {low}"
        raise ValueError(message)


def _is_among(value: Value, values: tuple[Value, ...]) -> bool:
    return any(value == each and type(value) is type(each) for each in values)


def _is_number(value: Value, types: tuple[type, ...]) -> bool:
    return isinstance(value, types) and not isinstance(value, bool)
