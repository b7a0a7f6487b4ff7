"""Intervals whose independent units are whole groups.

Images of one lesion, and lesions of one patient, are not independent: what varies is summed within groups first. Where
an interval is a bootstrap's, a resample draws as many groups as there are, with replacement, each with all its cases;
the ends are percentiles of the resampled values. Resamples in which a metric is not defined (one class only) do not
count.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.stats
from scipy.optimize import brentq

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.errors import ConfigError, InputError
from automl_skin.metrics.auc_variance import rank_class
from automl_skin.metrics.catalogue import METRICS, Metric
from automl_skin.metrics.inputs import check_predictions, group_codes
from automl_skin.metrics.ranking import scored_classes
from automl_skin.seeding import generator

LEVEL = 0.95
"""Share of the resampled values inside an interval."""

MIN_GROUPS = 10
"""With fewer groups of a class no interval is to be trusted."""

_NEAR = 1e-9  # as good as 0, or 1
_BLOCK_ENTRIES = 500_000  # weights held at once: 4 MB, which stays in the processor's cache


@dataclass(frozen=True)
class Interval:
    """A value and the interval around it.

    Parameters
    ----------
    enough : bool
        False where the cases are too few for any interval to be trusted: the widest honest one is given, and every
        text says that the data cannot tell.
    """

    value: float
    low: float
    high: float
    enough: bool = True


def weight_blocks(groups: npt.ArrayLike, n_resamples: int, seed: int) -> Iterator[FloatArray]:
    """Draw groups with replacement; yield how often each case is in each resample, in blocks that fit the memory.

    Parameters
    ----------
    groups : array of shape (n_cases,)
        Group of each case; none may be missing.
    seed : int
        The study's seed.

    Yields
    ------
    array of shape (n_rows, n_cases)
        Counts; cases of one group have equal ones. Two calls with equal arguments draw the same.
    """
    if n_resamples < 1:
        raise ConfigError(f"n_resamples: expected at least one resample, got {n_resamples}")
    names = np.asarray(groups)
    codes = group_codes(names, len(names))
    n_groups = int(codes.max()) + 1
    rng = generator(seed, "bootstrap")
    step = max(1, _BLOCK_ENTRIES // len(codes))
    for start in range(0, n_resamples, step):
        rows = min(step, n_resamples - start)
        drawn = rng.integers(0, n_groups, size=(rows, n_groups)) + n_groups * np.arange(rows)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * n_groups).reshape(rows, n_groups)
        # Transposed twice: cases lie together in memory for all resamples, as `weighted` reads them.
        yield times.T.astype(np.float64)[codes].T


def central_range(resampled: FloatArray) -> tuple[float, float]:
    """Return the two ends of the central 95 % of values of shape (n_resamples,), NaN left out.

    Raises
    ------
    InputError
        If no resample has a value.
    """
    known = resampled[~np.isnan(resampled)]
    if not len(known):
        raise InputError(
            f"cannot give an interval: none of {len(resampled)} resamples has cases of two classes; "
            "there are too few groups of one class"
        )
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def metric_interval(
    metric: Metric,
    labels: IntArray,
    probabilities: FloatArray,
    groups: npt.ArrayLike,
    *,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Return a metric with its 95 % interval: of an AUC that of `auc_interval`, else by a bootstrap of groups.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    probabilities : array of shape (n_cases, n_classes)
    groups : array of shape (n_cases,)
    seed : int
        The study's seed.
    """
    labels, probabilities = check_predictions(labels, probabilities)
    codes = group_codes(groups, len(labels))
    if metric.name == "auc":
        return _macro_auc_interval(labels, probabilities, codes)
    blocks = weight_blocks(groups, n_resamples, seed)
    values = np.concatenate([metric.on_resamples(labels, probabilities, block) for block in blocks])
    return Interval(metric.function(labels, probabilities), *central_range(values))


def auc_interval(
    labels: IntArray,
    probabilities: FloatArray,
    groups: npt.ArrayLike,
    *,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Return the (macro) AUC with a 95 % interval that holds at a dozen groups of a class, and needs no resamples.

    The ends are the true AUCs from which the measured one is as far away as Student's t allows for the groups of the
    smaller class, with the variance that `auc_variance` has there; several classes by `mean_interval`. With fewer than
    `MIN_GROUPS` groups of a class `enough` is false.
    """
    return metric_interval(METRICS["auc"], labels, probabilities, groups, n_resamples=n_resamples, seed=seed)


def _macro_auc_interval(labels: IntArray, probabilities: FloatArray, codes: IntArray) -> Interval:
    ranked = [
        rank_class(labels == k, probabilities[:, k], codes)
        for k in scored_classes(labels, probabilities.shape[1])
    ]
    fewest = min(each.fewest_groups for each in ranked)
    quantile = float(scipy.stats.t.ppf((1 + LEVEL) / 2, max(fewest - 1, 1)))
    ends = np.array([score_limits(each.value, each.variance, quantile) for each in ranked])
    values = np.array([each.value for each in ranked])
    related = correlations(np.stack([each.influence for each in ranked]))
    return mean_interval(values, ends, related, enough=fewest >= MIN_GROUPS)


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


def correlations(influence: FloatArray) -> FloatArray:
    """Return how the errors of several figures go together, (n_figures, n_figures), from (n_figures, n_groups).

    A figure without any error here, such as that of a class which separates, counts as going with all others.
    """
    products = influence @ influence.T
    sizes = np.sqrt(np.diag(products))
    scale = np.outer(sizes, sizes)
    related = np.ones(products.shape)
    np.divide(products, scale, out=related, where=scale > 0)
    return related


def mean_interval(values: FloatArray, ends: FloatArray, related: FloatArray, *, enough: bool) -> Interval:
    """Return the mean of several figures with an interval made of theirs.

    Zou & Donner 2008, "Construction of confidence limits about effect measures", Statistics in Medicine 27 (MOVER): the
    distances from each figure to its own limit are added as standard errors are.

    Parameters
    ----------
    values : array of shape (n_figures,)
    ends : array of shape (n_figures, 2)
    related : array of shape (n_figures, n_figures)
        Correlations of their errors.
    """
    value = float(values.mean())
    below, above = values - ends[:, 0], ends[:, 1] - values
    down, up = (math.sqrt(max(float(away @ related @ away), 0.0)) / len(values) for away in (below, above))
    return Interval(value, max(value - down, 0.0), min(value + up, 1.0), enough)


def auc_difference(
    labels: IntArray,
    first: FloatArray,
    second: FloatArray,
    groups: npt.ArrayLike,
    *,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Return the (macro) AUC of the first minus that of the second, paired on the same resamples.

    Parameters
    ----------
    first, second : array of shape (n_cases, n_classes)
        Of the same cases in the same order.
    """
    auc = METRICS["auc"]
    labels, first = check_predictions(labels, first)
    _, second = check_predictions(labels, second)
    group_codes(groups, len(labels))
    values = [
        auc.on_resamples(labels, first, block) - auc.on_resamples(labels, second, block)
        for block in weight_blocks(groups, n_resamples, seed)
    ]
    value = auc.function(labels, first) - auc.function(labels, second)
    return Interval(value, *central_range(np.concatenate(values)))
