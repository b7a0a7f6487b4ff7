"""Names of array types and of their axes, used with the same meaning everywhere.

Axes
----
n_cases
    What gets one score each; the order is that of the manifest unless said otherwise.
n_images
    Photographs; a case has one or more.
n_classes
    Classes of the target in the order of ``Target.classes``; a binary target has two, the
    positive one last.
n_columns
    Columns of the design matrix that a head sees.
n_dimensions
    Length of an image embedding.

``labels`` are integers of shape (n_cases,) counting from 0 in the order of the classes;
``probabilities`` are float64 of shape (n_cases, n_classes), rows summing to 1, also for a binary target.
"""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]


def normalise_rows(values: FloatArray) -> FloatArray:
    """Divide each row of shape (n_rows, n_columns) by its sum.

    Examples
    --------
    >>> normalise_rows(np.array([[1.0, 3.0]]))
    array([[0.25, 0.75]])
    """
    shares: FloatArray = values / values.sum(axis=1, keepdims=True)
    return shares
