"""What every metric is given, checked once: labels, probabilities and groups."""

import math

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.errors import InputError


def check_predictions(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> tuple[IntArray, FloatArray]:
    """Return labels and probabilities as arrays that a metric can rely on.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    probabilities : array of shape (n_cases, n_classes)

    Raises
    ------
    InputError
        If shapes do not fit, a probability is not finite, or a label is not a class.
    """
    y = np.asarray(labels)
    p = np.asarray(probabilities, dtype=np.float64)
    if y.ndim != 1 or p.ndim != 2 or len(y) != len(p) or p.shape[1] < 2:  # two axes, two classes
        raise InputError(
            "expected labels of shape (n_cases,) and probabilities of shape (n_cases, n_classes >= 2), "
            f"got {y.shape} and {p.shape}"
        )
    if not np.isfinite(p).all():
        rows = np.flatnonzero(~np.isfinite(p).all(axis=1))
        raise InputError(
            f"expected finite probabilities, got others in {len(rows)} of {len(p)} rows, first at position {rows[0]}; "
            "leave out cases without a score and say how many"
        )
    if not np.issubdtype(y.dtype, np.integer) and not np.issubdtype(y.dtype, np.bool_):
        raise InputError(f"labels: expected integers that count the classes from 0, got type {y.dtype}")
    if len(y) and not (y.min() >= 0 and y.max() < p.shape[1]):
        raise InputError(
            f"labels: expected 0..{p.shape[1] - 1} (one column of probabilities per class), got {y.min()}..{y.max()}"
        )
    return y.astype(np.int64, copy=False), p


def check_scores(labels: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[IntArray, FloatArray]:
    """Return binary labels and the scores of the positive class, both of shape (n_cases,), checked.

    Raises
    ------
    InputError
        As `check_predictions`, and if a class has no cases.
    """
    s = np.asarray(scores, dtype=np.float64)
    if s.ndim != 1:
        raise InputError(f"scores: expected shape (n_cases,), one number per case, got {s.shape}")
    y, _ = check_predictions(labels, np.column_stack([-s, s]))
    require_two_classes(y)
    return y, s


def require_two_classes(labels: IntArray) -> IntArray:
    """Return the classes that have cases, ascending.

    Raises
    ------
    InputError
        If there are fewer than two: nothing can be ranked then.
    """
    present = np.unique(labels)
    if len(present) < 2:  # a ranking needs two sides
        raise InputError(
            f"expected cases of at least two classes, got {len(labels)} cases of class(es) {present.tolist()}; "
            "take more cases or a wider subgroup"
        )
    return present


def _is_missing(name: object) -> bool:
    # A column of text may hold None, NaN or pandas' NA; pandas itself is not imported here.
    return name is None or (isinstance(name, float) and math.isnan(name)) or type(name).__name__ == "NAType"


def group_codes(groups: npt.ArrayLike, n_cases: int) -> IntArray:
    """Return the number of each case's group, counting from 0.

    Raises
    ------
    InputError
        If a case has no group, the length is wrong, or there is one group only. A missing id must be
        made a group of its own first; taking all of them as one would be a silent "unknown patient".
    """
    names = np.asarray(groups)
    if names.shape != (n_cases,):
        raise InputError(f"groups: expected shape ({n_cases},), one per case, got {names.shape}")
    missing = np.array([_is_missing(name) for name in names.tolist()], dtype=np.bool_)
    if missing.any():
        raise InputError(
            f"expected a group for every case, got {missing.sum()} cases without one, first at position "
            f"{np.flatnonzero(missing)[0]}; give each its own"
        )
    distinct, codes = np.unique(names, return_inverse=True)
    if len(distinct) < 2:  # one group cannot be resampled
        raise InputError(f"cannot resample: expected at least two groups, got {len(distinct)}")
    return codes.astype(np.int64, copy=False)
