"""Resamples of whole groups: AUCs of several models on the same ones, and shares of cases with their intervals."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.errors import InputError
from automl_skin.metrics.catalogue import METRICS
from automl_skin.metrics.inputs import check_predictions, group_codes
from automl_skin.metrics.intervals import LEVEL, Interval, central_range, weight_blocks

N_RESAMPLES = 2000


def resampled_aucs(
    labels: IntArray,
    models: Sequence[FloatArray],
    groups: npt.ArrayLike,
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> FloatArray:
    """Return the (macro) AUC of every model on every resample; NaN where one class only was drawn.

    The resamples are those of `metrics.intervals.auc_difference`, drawn once for all models: differences
    between rows are paired.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    models : sequence of arrays of shape (n_cases, n_classes)
    groups : array of shape (n_cases,)
        Drawn whole.

    Returns
    -------
    array of shape (n_models, n_resamples)
    """
    checked = [check_predictions(labels, probabilities) for probabilities in models]
    group_codes(groups, len(labels))
    auc = METRICS["auc"]
    blocks = [
        np.stack([auc.on_resamples(target, probabilities, block) for target, probabilities in checked])
        for block in weight_blocks(groups, n_resamples, seed)
    ]
    return np.concatenate(blocks, axis=1)


def rate_intervals(
    hits: BoolArray,
    counted: BoolArray,
    groups: npt.ArrayLike,
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> list[Interval]:
    """Return, for every row of `hits`, its share among the counted cases with a 95 % interval.

    Groups are drawn whole, once for all rows. Where all or none of the counted cases are hits a bootstrap's interval
    would have no width; the open end is then the exact one (Clopper & Pearson 1934), with the groups as
    the independent units.

    Parameters
    ----------
    hits : array of shape (n_rates, n_cases)
    counted : array of shape (n_cases,)
        The positives for a sensitivity, the negatives for a specificity.
    groups : array of shape (n_cases,)

    Raises
    ------
    InputError
        If no case is counted.
    """
    if not counted.any():
        raise InputError("cannot compute a rate: no cases of that class")
    codes = group_codes(groups, len(counted))
    n_groups = int(codes.max()) + 1
    total = np.bincount(codes, weights=counted, minlength=n_groups).astype(np.float64)
    found = np.stack([np.bincount(codes, weights=row & counted, minlength=n_groups) for row in hits]).astype(
        np.float64
    )
    shares = found.sum(axis=1) / total.sum()
    resampled = _resampled_shares(found, total, n_resamples, seed)
    n_units = int((total > 0).sum())
    return [_interval(float(share), values, n_units) for share, values in zip(shares, resampled, strict=True)]


def _resampled_shares(found: FloatArray, total: FloatArray, n_resamples: int, seed: int) -> FloatArray:
    """Return (n_rates, n_resamples); NaN where no counted case was drawn."""
    blocks = []
    for weights in weight_blocks(np.arange(len(total)), n_resamples, seed):
        drawn = weights @ total
        shares = np.full((len(found), len(weights)), np.nan)
        np.divide(found @ weights.T, drawn, out=shares, where=drawn > 0)
        blocks.append(shares)
    return np.concatenate(blocks, axis=1)


def _interval(share: float, resampled: FloatArray, n_units: int) -> Interval:
    open_end = ((1 - LEVEL) / 2) ** (1 / n_units)
    if share == 1:
        return Interval(1.0, open_end, 1.0)
    if share == 0:
        return Interval(0.0, 0.0, 1 - open_end)
    return Interval(share, *central_range(resampled))
