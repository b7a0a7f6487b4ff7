"""The interval around a figure that was corrected for having been chosen.

Resamples tell its spread, on the logit scale for shares. Near 0 and 1 they do not: where the classes separate, every
resample shows 1, as it would if the truth were 0.97. There the interval is at least the score interval of
`auc_variance` at the corrected value, and reaches on either side as far as that of the out-of-fold AUC itself. Other
shares than the AUC get the score interval of a share of as many groups as the rarest class has, which is wider.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit
from scipy.stats import norm

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.metrics.folds import Fold
from automl_skin.metrics.intervals import Interval, auc_interval, auc_interval_at, fewest_groups
from automl_skin.metrics.parts import LEVEL, MIN_GROUPS, score_limits, student

DOUBT = 1.0
"""Standard error of the optimism as a share of it: measured over studies, 0.3 without signal to 1 with it."""

NEAR = 1e-3
"""Shares nearer to 0 or 1 are taken as this, so that their log-odds are finite."""

SAME = 1e-12
"""Utilities that differ by no more are equal: sums in another order."""


def interval_around(
    corrected: float,
    naive: float,
    resampled: FloatArray,
    folds: Sequence[Fold],
    probabilities: FloatArray,
    groups: npt.ArrayLike,
) -> Interval:
    """Return the interval around the corrected figure; it has a width, and a share's lies in [0, 1].

    Its standard error is that of the best trial's figure on the resamples and, since the correction is an estimate
    too, `DOUBT` of the correction. With fewer than `MIN_GROUPS` groups of a class `enough` is false.

    Parameters
    ----------
    corrected, naive : float
        After and before the correction.
    resampled : ndarray of shape (n_resamples,)
        The best trial's figure.
    folds : sequence of Fold
    probabilities : ndarray of shape (n_rows, n_classes)
        Of the best trial.
    groups : array of shape (n_rows,)
    """
    rows, labels = _all_rows(folds)
    n_groups = fewest_groups(labels, np.asarray(groups)[rows])
    if folds[0].metric.sign < 0:
        low, high = _loss_ends(corrected, naive, resampled, n_groups)
    else:
        top = greatest_value(folds, probabilities.shape[1])
        low, high = (top * end for end in _logit_ends(corrected / top, naive / top, resampled / top))
        if _says_little(corrected / top, resampled / top):
            wider = _score_ends(corrected / top, folds, probabilities, groups, n_groups)
            low, high = min(low, top * wider[0]), max(high, top * wider[1])
    return Interval(corrected, min(low, corrected), max(high, corrected), enough=n_groups >= MIN_GROUPS)


def greatest_value(folds: Sequence[Fold], n_classes: int) -> float:
    """Return what the metric, of which greater is better, gives to perfect probabilities: 1, a partial AUC less."""
    return folds[0].metric.utility(folds[0].labels, np.eye(n_classes)[folds[0].labels])


def _loss_ends(corrected: float, naive: float, resampled: FloatArray, n_groups: int) -> tuple[float, float]:
    """Return the ends for a loss; where no case has any, up to the largest share that would show none, at 1 each."""
    spread = norm.ppf((1 + LEVEL) / 2) * float(np.hypot(resampled.std(), DOUBT * (naive - corrected)))
    if spread <= SAME:
        spread = 1 - (1 - LEVEL) ** (1 / n_groups)
    return max(corrected - spread, 0.0), corrected + spread


def _logit_ends(corrected: float, naive: float, resampled: FloatArray) -> tuple[float, float]:
    z = norm.ppf((1 + LEVEL) / 2)
    moved, middle = logit(np.clip([naive, corrected], NEAR, 1 - NEAR))
    spread = z * float(np.hypot(logit(np.clip(resampled, NEAR, 1 - NEAR)).std(), DOUBT * (moved - middle)))
    low, high = expit(middle + np.array([-spread, spread]))
    return float(low), float(high)


def _says_little(corrected: float, resampled: FloatArray) -> bool:
    """Return whether a share's resamples reach its bounds, where their spread is cut off, or have none."""
    values = np.append(resampled, corrected)
    return bool((values < NEAR).any() or (values > 1 - NEAR).any() or resampled.std() <= SAME)


def _score_ends(
    corrected: float,
    folds: Sequence[Fold],
    probabilities: FloatArray,
    groups: npt.ArrayLike,
    n_groups: int,
) -> tuple[float, float]:
    if folds[0].metric.name not in ("auc", "robust_auc"):
        return score_limits(corrected, lambda share: share * (1 - share) / n_groups, student(n_groups))
    rows, labels = _rows_at_home(folds)
    measured = labels, probabilities[rows], np.asarray(groups)[rows]
    there, own = auc_interval_at(corrected, *measured), auc_interval(*measured)
    down, up = own.value - own.low, own.high - own.value
    return max(min(there.low, corrected - down), 0.0), min(max(there.high, corrected + up), 1.0)


def _all_rows(folds: Sequence[Fold]) -> tuple[IntArray, IntArray]:
    return np.concatenate([fold.rows for fold in folds]), np.concatenate([fold.labels for fold in folds])


def _rows_at_home(folds: Sequence[Fold]) -> tuple[IntArray, IntArray]:
    """Return the rows that are not under shift, each once, and their labels; all where there is one fold."""
    if len(folds) < 2:  # nobody else's
        return _all_rows(folds)
    others = np.concatenate([fold.others for fold in folds])
    rows, first = np.unique(others, return_index=True)
    return rows, np.concatenate([fold.other_labels for fold in folds])[first]
