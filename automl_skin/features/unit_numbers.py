"""One numeric column of the metadata on the range from 0 to 1, as Li et al. (2020, section 3) encode age."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_skin.arrays import FloatArray
from automl_skin.features.numbers import observed_numbers, read_numbers


@dataclass(frozen=True)
class UnitColumn:
    """What was fitted on one numeric column.

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
