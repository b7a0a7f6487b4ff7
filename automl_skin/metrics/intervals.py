"""Bootstrap intervals that draw whole groups.

Images of one lesion, and lesions of one patient, are not independent: cases are therefore never drawn
alone. A resample draws as many groups as there are, with replacement, each with all its cases. Intervals are
percentiles of the resampled values. Resamples in which a metric is not defined (one class only) do not count.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.errors import ConfigError, InputError
from automl_skin.metrics.catalogue import METRICS, Metric
from automl_skin.metrics.inputs import check_predictions, group_codes
from automl_skin.seeding import generator

_BLOCK_ENTRIES = 500_000  # weights held at once: 4 MB, which stays in the processor's cache


@dataclass(frozen=True)
class Interval:
    """A value and the interval around it."""

    value: float
    low: float
    high: float


def weight_blocks(groups: npt.ArrayLike, n_resamples: int, seed: int) -> Iterator[FloatArray]:
    """Draw groups with replacement; yield how often each case is in each resample, in blocks that fit the memory.

    Parameters
    ----------
    groups : array of shape (n_cases,)
        Group of each case; none may be missing.
    n_resamples : int
    seed : int
        The study's seed.

    Yields
    ------
    array of shape (n_rows, n_cases)
        Counts; cases of one group have equal ones. Two calls with equal arguments draw the same.
    """
    if n_resamples < 1:
        raise ConfigError(f"there must be at least one resample; found {n_resamples}")
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


def central_range(resampled: FloatArray, level: float = 0.95) -> tuple[float, float]:
    """Return the two ends of the central `level` of values of shape (n_resamples,), NaN left out.

    Raises
    ------
    InputError
        If no resample has a value.
    """
    if not 0 < level < 1:
        raise ConfigError(f"the level of an interval must lie in (0, 1); found {level}")
    known = resampled[~np.isnan(resampled)]
    if not len(known):
        raise InputError(
            f"at least one of {len(resampled)} resamples must hold cases of two classes; none does; "
            "there are too few groups of one class for an interval"
        )
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def metric_interval(
    metric: Metric,
    labels: IntArray,
    probabilities: FloatArray,
    groups: npt.ArrayLike,
    *,
    n_resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return a metric with its group-bootstrap interval.

    Parameters
    ----------
    metric : Metric
    labels : array of shape (n_cases,)
    probabilities : array of shape (n_cases, n_classes)
    groups : array of shape (n_cases,)
    n_resamples : int
    level : float
        Share of the resampled values inside the interval.
    seed : int
        The study's seed.
    """
    labels, probabilities = check_predictions(labels, probabilities)
    group_codes(groups, len(labels))
    blocks = weight_blocks(groups, n_resamples, seed)
    values = np.concatenate([metric.on_resamples(labels, probabilities, block) for block in blocks])
    return Interval(metric.function(labels, probabilities), *central_range(values, level))


def metric_difference(
    metric: Metric,
    labels: IntArray,
    probabilities: tuple[FloatArray, FloatArray],
    groups: npt.ArrayLike,
    *,
    n_resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return the metric of the first minus that of the second, paired on the same resamples.

    Parameters
    ----------
    probabilities : two arrays of shape (n_cases, n_classes)
        Of the same cases in the same order.
    """
    labels, first = check_predictions(labels, probabilities[0])
    _, second = check_predictions(labels, probabilities[1])
    group_codes(groups, len(labels))
    values = [
        metric.on_resamples(labels, first, block) - metric.on_resamples(labels, second, block)
        for block in weight_blocks(groups, n_resamples, seed)
    ]
    value = metric.function(labels, first) - metric.function(labels, second)
    return Interval(value, *central_range(np.concatenate(values), level))


def auc_interval(
    labels: IntArray,
    probabilities: FloatArray,
    groups: npt.ArrayLike,
    *,
    n_resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return the (macro) AUC with its group-bootstrap interval; see `metric_interval`."""
    return metric_interval(
        METRICS["auc"], labels, probabilities, groups, n_resamples=n_resamples, level=level, seed=seed
    )


def auc_difference(
    labels: IntArray,
    first: FloatArray,
    second: FloatArray,
    groups: npt.ArrayLike,
    *,
    n_resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return the (macro) AUC of the first minus that of the second; see `metric_difference`."""
    return metric_difference(
        METRICS["auc"], labels, (first, second), groups, n_resamples=n_resamples, level=level, seed=seed
    )
