"""Figures with limits of their own, and the mean of several of them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.stats
from scipy.optimize import brentq

from automl_skin.arrays import FloatArray

LEVEL = 0.95
"""Share of studies whose interval shall hold the truth."""

MIN_GROUPS = 10
"""With fewer groups of a class no interval is to be trusted."""

_NEAR = 1e-9  # as good as 0, or 1


@dataclass(frozen=True)
class Part:
    """A figure of one class.

    Parameters
    ----------
    fewest_groups : int
        Groups with cases of the class, or of the rest where the figure needs them too and they are fewer.
    influence : array of shape (n_groups,)
        What each group adds to the error of the figure; sums to 0.
    """

    value: float
    low: float
    high: float
    fewest_groups: int
    influence: FloatArray


def student(n_groups: int) -> float:
    """Return how many standard errors `LEVEL` takes with so many groups."""
    return float(scipy.stats.t.ppf((1 + LEVEL) / 2, max(n_groups - 1, 1)))


def unbiased(sum_of_squares: float, n: int) -> float:
    """Scale a sum of squares around a mean of n values."""
    return sum_of_squares * n / max(n - 1, 1)


def score_limits(value: float, variance: Callable[[float], float], quantile: float) -> tuple[float, float]:
    """Return the values in [0, 1] from which the measured one is `quantile` standard errors away.

    Parameters
    ----------
    variance : callable
        Of the measured value, at a true one; 0 at 0 and 1 and nowhere else.
    """

    def beyond(true: float) -> float:
        return (value - true) ** 2 - quantile**2 * variance(true)

    low = brentq(beyond, 0, min(value, 1 - _NEAR)) if value > _NEAR else 0.0
    high = brentq(beyond, max(value, _NEAR), 1) if value < 1 - _NEAR else 1.0
    return float(low), float(high)


def mean_limits(parts: Sequence[Part]) -> tuple[float, float, float]:
    """Return the mean of several figures with the limits that follow from theirs.

    Zou & Donner 2008, "Construction of confidence limits about effect measures", Statistics in Medicine 27 (MOVER): the
    distances from each figure to its own limit are added as standard errors are, with the correlation that the groups
    show. A figure without any error here, such as that of a class which separates, counts as going with all others.
    """
    values, low, high = (
        np.array([getattr(each, name) for each in parts]) for name in ("value", "low", "high")
    )
    influence = np.stack([each.influence for each in parts])
    products = influence @ influence.T
    scale = np.sqrt(np.outer(np.diag(products), np.diag(products)))
    related = np.ones(products.shape)
    np.divide(products, scale, out=related, where=scale > 0)
    down, up = (
        math.sqrt(max(float(away @ related @ away), 0.0)) / len(parts)
        for away in (values - low, high - values)
    )
    value = float(values.mean())
    return value, max(value - down, 0.0), min(value + up, 1.0)
