"""Metrics of labels and probabilities, one number each.

Shapes are those of `automl_skin.arrays`. With two classes a metric looks at the last column (the
positive class); with more it is the plain mean, over the classes that have cases, of the metric of
each class against the rest (macro one-vs-rest).
"""

from collections.abc import Callable

import numpy as np
import sklearn.metrics
from scipy.stats import rankdata

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.errors import ConfigError
from automl_skin.metrics.inputs import check_predictions, require_two_classes


def scored_classes(labels: IntArray, n_classes: int) -> IntArray:
    """Return the classes that a metric averages over: the last of two, or all that have cases."""
    present = require_two_classes(labels)
    return np.array([1], dtype=np.int64) if n_classes == 2 else present  # binary


def _macro(
    labels: IntArray, probabilities: FloatArray, one_class: Callable[[IntArray, FloatArray], float]
) -> float:
    labels, probabilities = check_predictions(labels, probabilities)
    classes = scored_classes(labels, probabilities.shape[1])
    return float(np.mean([one_class((labels == k).astype(np.int64), probabilities[:, k]) for k in classes]))


def _rank_auc(labels: IntArray, scores: FloatArray) -> float:
    """Return the AUC of binary labels by Mann & Whitney's U: ten times as fast as drawing the curve."""
    positive = labels == 1
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    above = rankdata(scores)[positive].sum() - n_positive * (n_positive + 1) / 2
    return float(above / (n_positive * n_negative))


def macro_auc(labels: IntArray, probabilities: FloatArray) -> float:
    """Return the area under the ROC curve; several classes: macro one-vs-rest over those present.

    Raises
    ------
    InputError
        If fewer than two classes have cases.
    """
    return _macro(labels, probabilities, _rank_auc)


def average_precision(labels: IntArray, probabilities: FloatArray) -> float:
    """Return the average precision (step-wise area under precision-recall); several classes: macro."""
    return _macro(labels, probabilities, sklearn.metrics.average_precision_score)


def check_min_tpr(min_tpr: float) -> float:
    """Return `min_tpr` if it is a lower bound of the true positive rate, in [0, 1)."""
    if not 0 <= min_tpr < 1:
        raise ConfigError(f"min_tpr: expected a value in [0, 1), got {min_tpr}; ISIC 2024 uses 0.8")
    return min_tpr


def partial_auc(labels: IntArray, probabilities: FloatArray, min_tpr: float = 0.8) -> float:
    """Return the area between the ROC curve and the line ``TPR = min_tpr``, in [0, 1 - min_tpr].

    This is the score of ISIC 2024 on Kaggle (0 to 0.2). It is not scikit-learn's ``max_fpr`` value,
    which bounds the other axis and is standardised: here the axes are swapped (labels and scores
    reversed) and McClish's standardisation is undone.

    Parameters
    ----------
    min_tpr : float
        True positive rate, in [0, 1), below which the curve does not count. 0 gives the whole AUC.
    """
    width = 1 - check_min_tpr(min_tpr)

    def above(positive: IntArray, scores: FloatArray) -> float:
        standardised = float(sklearn.metrics.roc_auc_score(1 - positive, -scores, max_fpr=width))
        if width == 1:  # scikit-learn standardises nothing then
            return standardised
        least, most = width**2 / 2, width
        return least + (2 * standardised - 1) * (most - least)

    return _macro(labels, probabilities, above)


def class_priors(labels: IntArray, n_classes: int) -> FloatArray:
    """Return each class's share of the cases, shape (n_classes,)."""
    return np.bincount(labels, minlength=n_classes) / np.float64(len(labels))


def decide(probabilities: FloatArray, priors: FloatArray) -> IntArray:
    """Return the class with the largest ratio of probability to prior, shape (n_cases,).

    For two classes this is the threshold "positive prior" on the positive probability, the lower class
    winning a tie. A class with prior 0 is never chosen.
    """
    possible = priors > 0
    ratio = np.full(probabilities.shape, -np.inf)
    np.divide(probabilities, priors, out=ratio, where=np.broadcast_to(possible, ratio.shape))
    decisions: IntArray = ratio.argmax(axis=1)
    return decisions


def balanced_accuracy(labels: IntArray, probabilities: FloatArray, priors: FloatArray | None = None) -> float:
    """Return the mean recall over the classes present, deciding for the largest probability / prior.

    Parameters
    ----------
    priors : array of shape (n_classes,), optional
        Those of the training data; by default the shares in `labels`.
    """
    labels, probabilities = check_predictions(labels, probabilities)
    present = require_two_classes(labels)
    if priors is None:
        priors = class_priors(labels, probabilities.shape[1])
    decisions = decide(probabilities, priors)
    return float(sklearn.metrics.recall_score(labels, decisions, labels=present, average="macro"))


def recall_of_largest(labels: IntArray, probabilities: FloatArray) -> float:
    """Return the mean recall over the classes present, deciding for the largest probability."""
    n_classes = probabilities.shape[1]
    return balanced_accuracy(labels, probabilities, np.full(n_classes, 1 / n_classes))


def log_loss(labels: IntArray, probabilities: FloatArray) -> float:
    """Return the mean negative log-likelihood in nats; rows must sum to 1."""
    labels, probabilities = check_predictions(labels, probabilities)
    return float(sklearn.metrics.log_loss(labels, probabilities, labels=range(probabilities.shape[1])))


def brier(labels: IntArray, probabilities: FloatArray) -> float:
    """Return the Brier score: mean squared error of the positive probability, or summed over several classes.

    Brier (1950) sums over the classes, which doubles the value of two classes; like scikit-learn we
    give the half there.
    """
    labels, probabilities = check_predictions(labels, probabilities)
    return float(case_brier(labels, probabilities).mean())


def case_brier(labels: IntArray, probabilities: FloatArray) -> FloatArray:
    """Return each case's Brier score, shape (n_cases,)."""
    n_classes = probabilities.shape[1]
    squares: FloatArray = ((probabilities - np.eye(n_classes)[labels]) ** 2).sum(axis=1)
    return squares / 2 if n_classes == 2 else squares  # binary


def case_log_loss(labels: IntArray, probabilities: FloatArray) -> FloatArray:
    """Return each case's negative log-likelihood, shape (n_cases,), clipped as scikit-learn does."""
    chosen = probabilities[np.arange(len(labels)), labels]
    smallest = np.finfo(np.float64).eps
    return -np.log(np.clip(chosen, smallest, 1 - smallest))
