"""What the fit of every family begins and ends with: checked labels, absent classes, weights."""

from dataclasses import dataclass

import numpy as np

from automl_skin.arrays import FloatArray, IntArray, normalise_rows
from automl_skin.errors import InputError
from automl_skin.heads.design import Design


@dataclass(frozen=True)
class Targets:
    """Labels of the training cases without gaps between the classes.

    Parameters
    ----------
    codes : ndarray of shape (n_cases,), int
        Position of each case's class in `classes`.
    classes : ndarray of shape (n_present,), int
        The classes that are present, ascending.
    n_classes : int
        All classes, present or not.
    weights : ndarray of shape (n_cases,), float64
        Case weights of mean 1.
    """

    codes: IntArray
    classes: IntArray
    n_classes: int
    weights: FloatArray

    @property
    def n_present(self) -> int:
        """Number of classes that are present."""
        return len(self.classes)


def training_targets(design: Design, labels: IntArray, n_classes: int, weights: FloatArray | None) -> Targets:
    """Check labels and weights, and number the classes that are present from 0 without gaps.

    Raises
    ------
    InputError
        If lengths differ, a label lies outside the classes, fewer than two classes are present, or a
        weight is negative or not finite.
    """
    _check_labels(design, labels, n_classes)
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) < 2:  # two classes
        message = (
            f"a head: expected training cases of at least two classes, got {len(labels)} cases of class "
            f"{classes.tolist()} alone; use fewer folds or a coarser target"
        )
        raise InputError(message)
    return Targets(codes.astype(np.int64), classes, n_classes, _checked_weights(weights, len(labels)))


def spread_classes(probabilities: FloatArray, classes: IntArray, n_classes: int) -> FloatArray:
    """Put probabilities of the present classes into the columns of all classes, the others 0.

    Examples
    --------
    >>> spread_classes(np.array([[0.25, 0.75]]), np.array([0, 2]), 3)
    array([[0.25, 0.  , 0.75]])
    """
    spread = np.zeros((probabilities.shape[0], n_classes))
    spread[:, classes] = normalise_rows(probabilities)
    return spread


def _check_labels(design: Design, labels: IntArray, n_classes: int) -> None:
    if labels.shape != (design.n_cases,):
        message = f"expected one label per case, got {labels.shape} labels for {design.n_cases} cases"
        raise InputError(message)
    if len(labels) and not 0 <= labels.min() <= labels.max() < n_classes:
        message = f"labels: expected 0 to {n_classes - 1}, got {labels.min()} to {labels.max()}"
        raise InputError(message)


def _checked_weights(weights: FloatArray | None, n_cases: int) -> FloatArray:
    if weights is None:
        return np.ones(n_cases)
    if weights.shape != (n_cases,):
        message = f"expected one weight per case, got {weights.shape} weights for {n_cases} cases"
        raise InputError(message)
    if not (np.isfinite(weights).all() and weights.min() >= 0.0 and weights.sum() > 0.0):
        message = (
            "weights: expected finite numbers, none negative and not all 0; compute them with class_weights"
        )
        raise InputError(message)
    scaled: FloatArray = weights / weights.mean()
    return scaled
