"""Case weights that balance the classes."""

from typing import Literal

import numpy as np

from automl_skin.arrays import FloatArray, IntArray

ClassWeighting = Literal["none", "balanced", "sqrt"]


def class_weights(labels: IntArray, n_classes: int, mode: ClassWeighting) -> FloatArray | None:
    """Return one weight per case, of mean 1, or None for mode "none".

    Parameters
    ----------
    labels : ndarray of shape (n_cases,), int
    n_classes : int
    mode : {"none", "balanced", "sqrt"}
        "balanced" gives each class that is present the same total weight, "sqrt" goes half way
        (on the scale of logarithms).

    Examples
    --------
    >>> class_weights(np.array([0, 0, 0, 1]), 2, "balanced")
    array([0.66666667, 0.66666667, 0.66666667, 2.        ])
    """
    if mode == "none":
        return None
    counts = np.bincount(labels, minlength=n_classes)
    power = 0.5 if mode == "sqrt" else 1.0
    weights = (1.0 / np.maximum(counts, 1) ** power)[labels]
    balanced: FloatArray = weights / weights.mean()
    return balanced
