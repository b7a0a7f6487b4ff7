"""The expected calibration error, with an interval, and what a perfect model would show.

Symbols: p, the claimed probability of a case, and x its log-odds; q, a true one; u, a uniform number of a group; the
error of gaps g is the sum over bins of the absolute sum of g in the bin, over the number of cases.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import scipy.special

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.metrics.calibration import (
    MIN_GROUPS,
    Bins,
    bin_places,
    calibration_line,
    claims,
    reliability,
)
from automl_skin.metrics.inputs import check_predictions
from automl_skin.metrics.odds import log_odds
from automl_skin.metrics.parts import LEVEL
from automl_skin.seeding import generator

ERROR_BINS = 15
"""Of equal width."""

TAIL = (1 - LEVEL) / 2
LUCKY = 0.16
"""Share of a perfect model's draws below whose error no measured one is believed."""
MAX_SHIFT = 64.0
"""Of the log-odds, root mean square; beyond it nothing changes."""
N_HALVINGS = 10
MAX_BLOCK = 2_000_000
"""Labels that are drawn at once."""


def expected_calibration_error(
    labels: IntArray, probabilities: FloatArray, n_bins: int = ERROR_BINS, bins: Bins = "uniform"
) -> float:
    """Return the mean gap between claimed and observed, over bins, weighted by cases (Guo et al. 2017)."""
    return reliability(labels, probabilities, n_bins, bins).error


class _Draws:
    """Labels drawn for given cases; cases of one group share one uniform number, as photographs of a lesion a class."""

    def __init__(self, claimed: FloatArray, codes: IntArray, n_draws: int, seed: int) -> None:
        order = np.argsort(claimed, kind="stable")  # of a bin side by side
        self.claimed, self.codes = claimed[order], codes[order]
        self.starts = np.flatnonzero(np.diff(bin_places(self.claimed, ERROR_BINS, "uniform"), prepend=-1))
        rng = generator(seed, "calibration error")
        self.uniforms = rng.random((n_draws, int(codes.max()) + 1))

    def error(self, gaps: FloatArray) -> FloatArray:
        """Return the error of gaps, (..., n_cases), in the order of the claims."""
        error: FloatArray = np.abs(np.add.reduceat(gaps, self.starts, axis=-1)).sum(axis=-1) / len(
            self.claimed
        )
        return error

    def errors(self, true: FloatArray) -> FloatArray:
        """Return the error of every draw of labels from true probabilities, (n_cases,), in the order of the claims."""
        n_at_once = max(1, MAX_BLOCK // len(true))
        blocks = (self.uniforms[at : at + n_at_once] for at in range(0, len(self.uniforms), n_at_once))
        return np.concatenate([self.error((block[:, self.codes] < true) - self.claimed) for block in blocks])


def error_when_perfect(
    probabilities: FloatArray, groups: npt.ArrayLike, n_draws: int = 500, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % range of the expected calibration error of a perfectly calibrated model on these very cases.

    The error is a sum of absolute values: it is above 0 for every model, and the more so the fewer the cases. So labels
    are drawn from the probabilities themselves (consistency resampling: Broecker & Smith 2007, "Increasing the
    reliability of reliability diagrams", Weather and Forecasting 22) and measured with the same bins. Cases of one
    group share one uniform number, as photographs of one lesion share their class: the range holds however alike the
    cases of a group are.

    Parameters
    ----------
    probabilities : array of shape (n_cases, n_classes)
    groups : array of shape (n_cases,)
    """
    claimed = probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities.max(axis=1)  # binary
    draws = _Draws(claimed, np.unique(np.asarray(groups), return_inverse=True)[1], n_draws, seed)
    low, high = np.quantile(draws.errors(draws.claimed), [TAIL, 1 - TAIL])
    return float(low), float(high)


def error_interval(
    labels: IntArray, probabilities: FloatArray, groups: npt.ArrayLike, n_draws: int = 300, seed: int = 0
) -> tuple[float, float] | None:
    """Return the 95 % interval of the true expected calibration error, or ``None`` where the cases cannot tell.

    The measured error is biased upwards, so that it may lie above its interval; the low end may be 0. The interval
    holds the errors of those true probabilities under which the measured one is not extreme: a test is inverted. The
    true ones lie on a path from the claimed log-odds x through Cox's line through them, x + s (a + (b - 1) x) with s
    from 0 on; labels are drawn from them as in `error_when_perfect`. A measured error below that of `LUCKY` of a
    perfect model's draws is judged as if it were there, so that no interval is empty (power-constrained limits: Cowan
    et al. 2011, arXiv:1105.3166).

    Simulated with 100 to 1,000 cases in groups of one, or of one to six that share their class, mostly 300 to 400
    studies a cell: slopes 1, 0.7 and 1.4, a shifted intercept, true log-odds that wave about the claimed ones, 14 and
    33 % of positives. It holds the true error in 93.0 to 99.4 % of the studies, 0 of a perfect model in 95.2 to 98.3 %.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    probabilities : array of shape (n_cases, n_classes)
    groups : array of shape (n_cases,)

    Returns
    -------
    low, high : float
        Or ``None`` where fewer than `MIN_GROUPS` groups have a case that was right, or one that was wrong, or Cox's
        line is not finite.
    """
    claimed, right = claims(*check_predictions(labels, probabilities))
    codes = np.unique(np.asarray(groups), return_inverse=True)[1]
    if min(len(np.unique(codes[right == each])) for each in (0, 1)) < MIN_GROUPS:
        return None
    line = calibration_line(right.astype(np.int64), claimed)
    if not np.isfinite(line.slope):
        return None
    draws = _Draws(claimed, codes, n_draws, seed)
    measured = expected_calibration_error(labels, probabilities)
    x = log_odds(draws.claimed)
    path = line.intercept + (line.slope - 1) * x
    path /= max(float(np.sqrt(np.mean(path**2))), 1e-9)

    def true(shift: float) -> FloatArray:
        return draws.claimed if shift == 0 else np.asarray(scipy.special.expit(x + shift * path))

    def is_above(shift: float) -> bool:
        return bool(np.mean(draws.errors(true(shift)) >= measured) > TAIL)

    def is_below(shift: float) -> bool:
        return bool(np.mean(draws.errors(true(shift)) <= believed) <= TAIL)

    believed = max(measured, float(np.quantile(draws.errors(draws.claimed), LUCKY)))
    low, high = (float(draws.error(true(_first(test)) - draws.claimed)) for test in (is_above, is_below))
    return low, high


def _first(is_so: Callable[[float], bool]) -> float:
    """Return the smallest shift of which something is so, if it stays so."""
    if is_so(0.0):
        return 0.0
    low, high = 0.0, 0.25
    while high < MAX_SHIFT and not is_so(high):
        low, high = high, 2 * high
    for _ in range(N_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_so(middle) else (middle, high)
    return (low + high) / 2
