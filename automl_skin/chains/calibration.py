"""Platt scaling of a chain's probabilities, fitted on the out-of-fold rows of the other folds.

Symbols: p (n_cases, n_classes) probabilities as a head gives them; z = logit(p) by class. Each class's
z is mapped to sigmoid(slope * z + intercept), and the rows are divided by their sum (Platt 1999;
one-vs-rest as in Zadrozny & Elkan 2002). A binary target has one map, for its positive class. Two
parameters a class suit the few hundred positives of a skin-lesion collection; the map is increasing,
so that it never changes an AUC within its fold.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.rowwise import normalise_rows

LOGIT_BOUND = 15.0
"""Probabilities of exactly 0 or 1 (forests give them) are taken as expit(-15) and expit(15)."""


def logit(probabilities: FloatArray) -> FloatArray:
    """Return bounded log-odds, elementwise."""
    inside = np.clip(probabilities, 1e-300, 1.0)
    odds = np.log(inside) - np.log(np.clip(1.0 - probabilities, 1e-300, 1.0))
    return np.clip(odds, -LOGIT_BOUND, LOGIT_BOUND)


@dataclass(frozen=True)
class Calibrator:
    """One increasing map a class.

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
    """Fit one Platt map a class.

    Parameters
    ----------
    probabilities : ndarray of shape (n_cases, n_classes)
        Of cases that the head was not fitted on.
    labels : ndarray of shape (n_cases,)
    """
    n_classes = probabilities.shape[1]
    columns = [1] if n_classes == 2 else list(range(n_classes))  # noqa: PLR2004 - a binary target
    maps = [_fit_platt(logit(probabilities[:, column]), labels == column) for column in columns]
    return Calibrator(tuple(slope for slope, _ in maps), tuple(intercept for _, intercept in maps))


def _fit_platt(scores: FloatArray, positive: BoolArray) -> tuple[float, float]:
    """Return slope and intercept; Platt's smoothed targets keep a separable fold finite."""
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return 1.0, 0.0
    high, low = (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2)
    target = np.where(positive, high, low)
    scores_twice = np.concatenate([scores, scores])[:, None]
    labels_twice = np.repeat([1, 0], len(scores))
    model = LogisticRegression(C=np.inf, max_iter=1000, tol=1e-8)
    model.fit(scores_twice, labels_twice, sample_weight=np.concatenate([target, 1.0 - target]))
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    if slope > 0.0:
        return slope, intercept
    prior = target.mean()  # scores that rank backwards say nothing: answer with the prior, kept increasing
    return 1e-6, float(np.log(prior / (1.0 - prior)))
