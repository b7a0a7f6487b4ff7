"""One numeric column of the metadata: clipped, centred and scaled, or put on the range from 0 to 1."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_skin.arrays import FloatArray

# Values beyond these quantiles, and a tenth of the distance between them, are pulled back: one typing error
# must not decide a score.
_LOW_QUANTILE, _HIGH_QUANTILE, _MARGIN = 0.005, 0.995, 0.1


@dataclass(frozen=True)
class NumberColumn:
    """What was fitted on one numeric column.

    Parameters
    ----------
    low, high : float
        Values are clipped to these bounds.
    median : float
        Becomes 0, and so does a missing value that nothing is filled in for.
    scale : float
        Standard deviation of the clipped values.
    fill : float or None
        What is filled in for a missing value, in the column's own units; None: the median.
    """

    name: str
    low: float
    high: float
    median: float
    scale: float
    fill: float | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the encoded columns."""
        return (self.name,)

    @property
    def neutral(self) -> FloatArray:
        """What stands for a missing value, shape (1,)."""
        return np.zeros(1) if self.fill is None else self.encode(np.array([self.fill]))[0]

    def read(self, values: pd.Series) -> FloatArray:
        """Return numbers of shape (n_cases,), NaN where missing; text that is no number is missing."""
        return read_numbers(values)

    def encode(self, numbers: FloatArray) -> FloatArray:
        """Return encoded values of shape (n_cases, 1), NaN where missing."""
        clipped = np.clip(numbers, self.low, self.high)
        return ((clipped - self.median) / self.scale)[:, None]


def read_numbers(values: pd.Series) -> FloatArray:
    """Return numbers of shape (n_cases,), NaN where missing; text that is no number is missing."""
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def observed_numbers(values: pd.Series) -> FloatArray:
    """Return the numbers that there are, in their order."""
    numbers = read_numbers(values)
    return numbers[~np.isnan(numbers)]


def fit_number(values: pd.Series, name: str, imputation: str = "neutral") -> NumberColumn:
    """Fit the bounds, the median and the scale of one numeric column, and with "mean" what is filled in."""
    observed = observed_numbers(values)
    if len(observed) == 0:
        return NumberColumn(name, 0.0, 0.0, 0.0, 1.0)
    low, high = np.quantile(observed, [_LOW_QUANTILE, _HIGH_QUANTILE])
    margin = _MARGIN * (high - low)
    clipped = np.clip(observed, low - margin, high + margin)
    scale = float(clipped.std())
    return NumberColumn(
        name,
        float(low - margin),
        float(high + margin),
        float(np.median(clipped)),
        scale if scale > 0 else 1.0,
        float(np.mean(clipped)) if imputation == "mean" else None,
    )


@dataclass(frozen=True)
class UnitColumn:
    """One numeric column on the range from 0 to 1, as Li et al. (2020, section 3) encode age.

    Parameters
    ----------
    low, high : float
        Least and greatest value of the training cases: they become 0 and 1, and what lies beyond them too.
    fill : float
        What is filled in for a missing value, in the column's own units.

    Examples
    --------
    >>> UnitColumn("age_years", 20.0, 80.0, 50.0).encode(np.array([20.0, 35.0, 90.0])).ravel().tolist()
    [0.0, 0.25, 1.0]
    """

    name: str
    low: float
    high: float
    fill: float

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the encoded columns."""
        return (self.name,)

    @property
    def neutral(self) -> FloatArray:
        """What stands for a missing value, shape (1,)."""
        return np.asarray(self.encode(np.array([self.fill]))[0])

    def read(self, values: pd.Series) -> FloatArray:
        """Return numbers of shape (n_cases,), NaN where missing; text that is no number is missing."""
        return read_numbers(values)

    def encode(self, numbers: FloatArray) -> FloatArray:
        """Return encoded values of shape (n_cases, 1), NaN where missing."""
        width = self.high - self.low
        return (np.clip(numbers, self.low, self.high) - self.low)[:, None] / (width if width > 0 else 1.0)


def fit_unit_number(values: pd.Series, name: str, imputation: str = "neutral") -> UnitColumn:
    """Fit the range of one numeric column, and what is filled in: the mean with "mean", else the median."""
    observed = observed_numbers(values)
    if len(observed) == 0:
        return UnitColumn(name, 0.0, 0.0, 0.0)
    fill = np.mean(observed) if imputation == "mean" else np.median(observed)
    return UnitColumn(name, float(observed.min()), float(observed.max()), float(fill))
