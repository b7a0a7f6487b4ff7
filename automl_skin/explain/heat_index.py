"""The HeatMap index: how much of the heat lies inside the lesion (Ahammed et al., CVPR Workshops 2025, section 5).

"The sum of the intensity of pixels in the heatmap within the segmentation area divided by the sum of all pixels in the
heatmap." A heat that is the same everywhere has the lesion's share of the picture as its index: that share stands
beside every figure. Two settings are compared on the same cases.
"""

from dataclasses import dataclass

import numpy as np

from automl_skin.arrays import BoolArray, Float32Array, FloatArray
from automl_skin.errors import InputError
from automl_skin.explain.shown import enlarge
from automl_skin.records import NullableFloat

MIN_CASES = 3
"""Of a test."""


@dataclass(frozen=True)
class IndexTest:
    """Two settings' indices on the same cases.

    Parameters
    ----------
    n_cases : int
        With an index in both settings.
    n_without : int
        Without heat in one of them at least: they have no index.
    first, second : float
        Mean index.
    difference, low, high : float
        Second less first, with its 95 % interval by Student's t.
    t_test, wilcoxon : float
        Two-sided p values of the paired t-test and of the signed-rank test; NaN where all indices are the same.
    """

    n_cases: int
    n_without: int
    first: float
    second: float
    difference: float
    low: float
    high: float
    t_test: NullableFloat
    wilcoxon: NullableFloat

    def in_words(self) -> str:
        """Return difference, interval and p values in one line."""
        without = f", {self.n_without} without heat left out" if self.n_without else ""
        return (
            f"{self.difference:+.3f} ({self.low:+.3f} to {self.high:+.3f}), paired t-test p = {self.t_test:.2g}, "
            f"Wilcoxon p = {self.wilcoxon:.2g}, {self.n_cases} cases{without}"
        )


def heat_index(heat: Float32Array, masks: BoolArray) -> FloatArray:
    """Return the share of the heat that lies inside each mask.

    Parameters
    ----------
    heat : ndarray of shape (n, map height, map width)
        At least 0; enlarged to the masks' size by linear interpolation.
    masks : ndarray of shape (n, height, width)
        Whether a pixel of the network's input is lesion.

    Returns
    -------
    ndarray of shape (n,)
        NaN for a case without heat.

    Examples
    --------
    >>> masks = np.zeros((1, 4, 4), bool); masks[:, :, :2] = True
    >>> heat_index(np.ones((1, 2, 2), np.float32), masks)
    array([0.5])
    """
    if len(heat) != len(masks):
        message = f"expected one mask per case, got {len(masks)} for {len(heat)} cases"
        raise InputError(f"{message}; give those of the same photographs")
    large = [enlarge(each, *masks.shape[1:]).astype(np.float64) for each in heat]
    inside = np.array([(each * mask).sum() for each, mask in zip(large, masks, strict=True)])
    whole = np.array([each.sum() for each in large])
    index: FloatArray = np.divide(inside, whole, out=np.full(len(heat), np.nan), where=whole > 0)
    return index


def compare_indices(first: FloatArray, second: FloatArray) -> IndexTest:
    """Compare the indices of two settings, case by case.

    Parameters
    ----------
    first, second : ndarray of shape (n_cases,)
        Of the same cases in one order; NaN where there was no heat.

    Raises
    ------
    InputError
        If fewer than three cases have both.
    """
    from scipy import stats

    both = np.isfinite(first) & np.isfinite(second)
    if both.sum() < MIN_CASES:
        message = (
            f"a test: expected at least {MIN_CASES} cases with an index in both settings, got {both.sum()}"
        )
        raise InputError(f"{message}; take more cases")
    one, other = first[both], second[both]
    paired = stats.ttest_rel(other, one)
    interval = paired.confidence_interval(0.95)
    same = bool(np.array_equal(one, other))
    return IndexTest(
        int(both.sum()),
        int((~both).sum()),
        float(one.mean()),
        float(other.mean()),
        float((other - one).mean()),
        float(interval.low),
        float(interval.high),
        float("nan") if same else float(paired.pvalue),
        float("nan") if same else float(stats.wilcoxon(other, one).pvalue),
    )
