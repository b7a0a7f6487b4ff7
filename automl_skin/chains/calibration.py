"""Platt scaling of a chain's probabilities, fitted on the out-of-fold rows of the other folds.

Symbols: p (n_cases, n_classes) probabilities as a head gives them; z = logit(p) by class. Each class's
z is mapped to sigmoid(slope * z + intercept), and the rows are divided by their sum (Platt 1999;
one-vs-rest as in Zadrozny & Elkan 2002). A binary target has one map, for its positive class. Two
parameters per class suit the few hundred positives of a skin-lesion collection; the map is increasing,
so that it never changes an AUC within its fold.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from automl_skin.arrays import BoolArray, FloatArray, IntArray, normalise_rows

LOGIT_BOUND = 15.0
"""Probabilities of exactly 0 or 1 (forests give them) are taken as expit(-15) and expit(15)."""

MIN_SLOPE, MAX_SLOPE = 1e-6, 1e3
"""Scores that only a larger slope tells apart are equal but for noise, such as priors with `MIN_SLOPE`: the map would
take the prior of another fold's chain to 0 or 1."""

MAX_STEPS = 50
MAX_HALVINGS = 30
TOLERANCE = 1e-14
"""Of the log loss per case: what a step must gain for another one to follow."""

RIDGE = 1e-9
"""Keeps the Hessian of scores that are all equal invertible."""


def logit(probabilities: FloatArray) -> FloatArray:
    """Return bounded log-odds, elementwise."""
    inside = np.clip(probabilities, 1e-300, 1.0)
    odds = np.log(inside) - np.log(np.clip(1.0 - probabilities, 1e-300, 1.0))
    return np.asarray(np.clip(odds, -LOGIT_BOUND, LOGIT_BOUND))


@dataclass(frozen=True)
class Calibrator:
    """One increasing map per class.

    Parameters
    ----------
    slopes, intercepts : tuple of float, of length n_classes (1 for a binary target)
    """

    slopes: tuple[float, ...]
    intercepts: tuple[float, ...]

    def apply(self, probabilities: FloatArray) -> FloatArray:
        """Calibrate probabilities of shape (n_cases, n_classes), row by row."""
        if len(self.slopes) == 1:
            positive = expit(self.slopes[0] * logit(probabilities[:, 1]) + self.intercepts[0])
            return np.column_stack([1.0 - positive, positive])
        mapped = expit(np.array(self.slopes) * logit(probabilities) + np.array(self.intercepts))
        return normalise_rows(np.asarray(mapped))


def fit_calibrator(probabilities: FloatArray, labels: IntArray) -> Calibrator:
    """Fit one Platt map per class.

    Parameters
    ----------
    probabilities : ndarray of shape (n_cases, n_classes)
        Of cases that the head was not fitted on.
    labels : ndarray of shape (n_cases,)
    """
    n_classes = probabilities.shape[1]
    columns = [1] if n_classes == 2 else list(range(n_classes))  # a binary target
    maps = [_fit_platt(logit(probabilities[:, column]), labels == column) for column in columns]
    return Calibrator(tuple(slope for slope, _ in maps), tuple(intercept for _, intercept in maps))


def _fit_platt(scores: FloatArray, positive: BoolArray) -> tuple[float, float]:
    """Return slope and intercept; Platt's smoothed targets keep a separable fold finite."""
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return 1.0, 0.0
    high, low = (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2)
    target = np.where(positive, high, low)
    slope, intercept = _least_log_loss(scores, target)
    if MIN_SLOPE < slope <= MAX_SLOPE:
        return slope, intercept
    # scores that rank backwards, or hardly differ, say nothing: answer with the prior, kept increasing
    return MIN_SLOPE, _log_odds(target)


def _least_log_loss(scores: FloatArray, target: FloatArray) -> tuple[float, float]:
    """Return slope and intercept by Newton's method with halved steps (Lin, Lin & Weng 2007)."""
    found = np.array([0.0, _log_odds(target)])
    loss = _log_loss(found, scores, target)
    for _ in range(MAX_STEPS):
        step = _newton_step(found, scores, target)
        for _ in range(MAX_HALVINGS):
            after = _log_loss(found - step, scores, target)
            if after < loss:
                break
            step = step / 2.0
        if not after < loss - TOLERANCE * len(scores):
            break
        found, loss = found - step, after
    return float(found[0]), float(found[1])


def _newton_step(found: FloatArray, scores: FloatArray, target: FloatArray) -> FloatArray:
    shares = expit(found[0] * scores + found[1])
    rest, bend = shares - target, shares * (1.0 - shares)
    gradient = np.array([(rest * scores).sum(), rest.sum()])
    mixed = (bend * scores).sum()
    hessian = np.array([[(bend * scores**2).sum() + RIDGE, mixed], [mixed, bend.sum() + RIDGE]])
    return np.linalg.solve(hessian, gradient)


def _log_loss(found: FloatArray, scores: FloatArray, target: FloatArray) -> float:
    odds = found[0] * scores + found[1]
    return float((np.logaddexp(0.0, odds) - target * odds).sum())


def _log_odds(target: FloatArray) -> float:
    prior = float(target.mean())
    return float(np.log(prior / (1.0 - prior)))
