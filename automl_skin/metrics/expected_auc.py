"""The AUC that probabilities promise of some cases, and whether these cases show less.

An AUC of some cases alone depends on their mix: within an age band age separates nothing, so that the AUC of every band
of a perfect model lies below that of all. What it is compared with here is therefore the AUC that the same cases would
have if the probabilities were right. With q_i the probability that case i is positive, all pairs count by the chance
that they are one of a positive and one of a negative case::

    expected = sum_{i != j} q_i (1 - q_j) [s_i > s_j] / sum_{i != j} q_i (1 - q_j),    ties by half

q are the probabilities recalibrated, by Cox's line, on the other cases: that a model is everywhere too sure of itself
is not the fault of one part. The error of the difference is from the influence of every case on it, summed by group
(the delta method of DeLong et al. 1988 for the AUC, the sandwich estimator for the line).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.special
import scipy.stats

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.metrics.calibration import calibration_line
from automl_skin.metrics.inputs import check_predictions, group_codes
from automl_skin.metrics.odds import log_odds
from automl_skin.metrics.ranking import scored_classes

_STEP = 1e-4  # of the line's intercept and slope, for a derivative


@dataclass(frozen=True)
class ExpectedAuc:
    """The AUC to be expected of some cases, and what they show less.

    Parameters
    ----------
    expected : float
        Macro one-vs-rest for several classes.
    gap, error : float
        Observed minus expected, and its standard error over groups.
    """

    expected: float
    gap: float
    error: float

    @property
    def p_value(self) -> float:
        """Chance of a gap so far below 0 where the probabilities are as right here as elsewhere; one-sided."""
        return float(scipy.stats.norm.cdf(self.gap / self.error)) if self.error > 0 else 1.0


def expect_auc(
    labels: IntArray, probabilities: FloatArray, groups: npt.ArrayLike, part: BoolArray
) -> ExpectedAuc | None:
    """Return the AUC to be expected of a part of the cases, by the probabilities as they hold for the others.

    Simulated with a perfect logistic model of age, sex, site and image, 400 and 2,000 cases in groups of 1 or of 1 to
    6: of 9 to 11 levels adjusted by Holm, one or more is called lower in 2.4 to 5.2 % of studies (400 or 500 each); a
    level of 100 cases with 30 positive ones, half of whose labels are noise, is found in 53 to 62 %.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    probabilities : array of shape (n_cases, n_classes)
    groups : array of shape (n_cases,)
    part : array of shape (n_cases,)

    Returns
    -------
    ExpectedAuc or None
        None where the part or the others have cases of one class only, or no finite line fits the others.
    """
    labels, probabilities = check_predictions(labels, probabilities)
    codes = group_codes(groups, len(labels))
    if len(np.unique(labels[part])) < 2 or len(np.unique(labels[~part])) < 2:  # nothing to rank
        return None
    found = [
        _one_class((labels == label).astype(np.int64), probabilities[:, label], part)
        for label in scored_classes(labels[part], probabilities.shape[1])
    ]
    known = [each for each in found if each is not None]
    if len(known) < len(found):
        return None
    expected, gap = (float(np.mean([each[column] for each in known])) for column in (0, 1))
    influence = np.mean([each[2] for each in known], axis=0)
    error = math.sqrt(float(np.sum(np.bincount(codes, weights=influence) ** 2)))
    return ExpectedAuc(expected, gap, error)


def _one_class(
    labels: IntArray, scores: FloatArray, part: BoolArray
) -> tuple[float, float, FloatArray] | None:
    """Return the expected AUC of a part, observed minus expected, and the influence of every case on that."""
    if len(np.unique(labels[~part])) < 2:  # a line needs two sides
        return None
    line = calibration_line(labels[~part], scores[~part])
    if not math.isfinite(line.slope):
        return None
    x = log_odds(scores)
    at = np.array([line.intercept, line.slope])

    def expect(given: FloatArray) -> tuple[float, FloatArray]:
        return _auc_of_shares(scipy.special.expit(given[0] + given[1] * x[part]), x[part])

    observed, of_observed = _auc_of_shares(labels[part].astype(np.float64), x[part])
    expected, of_expected = expect(at)
    slopes = [(expect(at + step)[0] - expect(at - step)[0]) / (2 * _STEP) for step in _STEP * np.eye(2)]
    q = scipy.special.expit(line.intercept + line.slope * x[~part])
    design = np.column_stack([np.ones_like(q), x[~part]])
    information = design.T @ (design * (q * (1 - q))[:, None])
    influence = np.zeros(len(labels))
    influence[part] = of_observed - of_expected
    influence[~part] = -(labels[~part] - q) * (design @ np.linalg.pinv(information) @ np.array(slopes))
    return expected, observed - expected, influence


def _auc_of_shares(shares: FloatArray, scores: FloatArray) -> tuple[float, FloatArray]:
    """Return the AUC where each case is positive by its share, and the influence of each case on it."""
    _, at = np.unique(scores, return_inverse=True)
    rest = 1 - shares
    positive, negative = np.bincount(at, weights=shares), np.bincount(at, weights=rest)
    below = (np.cumsum(negative) - 0.5 * negative)[at] - 0.5 * rest  # without the case itself
    above = (positive.sum() - np.cumsum(positive) + 0.5 * positive)[at] - 0.5 * shares
    n_positive, n_negative = shares.sum() - shares, rest.sum() - rest
    pairs = float(shares @ n_negative)
    auc = float(shares @ below) / pairs
    influence = shares * (below - auc * n_negative) + rest * (above - auc * n_positive)
    return auc, influence / pairs
