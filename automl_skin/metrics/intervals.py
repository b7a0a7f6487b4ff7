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

LEVEL = 0.95
"""Share of the resampled values inside an interval."""

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
    """Return a metric with its 95 % group-bootstrap interval.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    probabilities : array of shape (n_cases, n_classes)
    groups : array of shape (n_cases,)
    seed : int
        The study's seed.
    """
    labels, probabilities = check_predictions(labels, probabilities)
    group_codes(groups, len(labels))
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
    """Return the (macro) AUC with its interval; see `metric_interval`."""
    return metric_interval(METRICS["auc"], labels, probabilities, groups, n_resamples=n_resamples, seed=seed)


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
