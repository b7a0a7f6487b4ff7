"""Shares of cases with group-bootstrap intervals: sensitivity and specificity are such shares."""

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import BoolArray, FloatArray
from automl_skin.errors import InputError
from automl_skin.evaluation.resampling import N_RESAMPLES
from automl_skin.metrics.inputs import group_codes
from automl_skin.metrics.intervals import LEVEL, Interval, central_range, weight_blocks


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
