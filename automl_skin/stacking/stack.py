"""The stack of a study: K blends, each chosen without the fold that it is measured on.

Choosing members and weights is part of the chain: for every fold it is done on the out-of-fold rows of the other
folds, and what it gives on the fold's own rows is the stack's out-of-fold probability. New cases are scored
by the same K blends, each over the members' chains of its fold, and the K answers are averaged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from automl_skin.arrays import BoolArray, FloatArray
from automl_skin.chains.calibration import Calibrator
from automl_skin.chains.fitted import cross_calibrate
from automl_skin.digests import digest_json
from automl_skin.records import to_plain
from automl_skin.stacking.blend import Blend
from automl_skin.stacking.methods import METHODS, Rows


@dataclass(frozen=True)
class MethodComparison:
    """What the methods reached, each cross-fitted.

    Parameters
    ----------
    utilities : mapping of str to tuple of float
        By method, the study's metric on every fold.
    chosen : str
        The simplest method within one standard error of the best.
    """

    utilities: Mapping[str, tuple[float, ...]]
    chosen: str


@dataclass(frozen=True)
class Stack:
    """K blends with their calibrators.

    Parameters
    ----------
    method : str
        A name in `METHODS`.
    blends : tuple of Blend
        One per fold.
    calibrators : tuple of Calibrator
        One per fold, applied after its blend.
    of_mean : Calibrator or None
        Applied to the mean over folds, which is less noisy than each (`automl_skin.stacking.nested`); None where the
        mean is taken as it is.
    """

    method: str
    blends: tuple[Blend, ...]
    calibrators: tuple[Calibrator, ...]
    of_mean: Calibrator | None = None

    @property
    def members(self) -> tuple[int, ...]:
        """Numbers of all trials that are a member in some fold, in order."""
        return tuple(sorted({member for blend in self.blends for member in blend.members}))

    @property
    def member_weights(self) -> dict[int, float]:
        """Mean weight of each member over the folds."""
        weights = dict.fromkeys(self.members, 0.0)
        for blend in self.blends:
            for member, weight in zip(blend.members, blend.weights, strict=True):
                weights[member] += weight / len(self.blends)
        return weights

    @property
    def digest(self) -> str:
        """Digest of everything that the stack's answer depends on, given its trials."""
        return digest_json(to_plain(self))


def fit_stack(rows: Rows) -> tuple[Stack, FloatArray, MethodComparison]:
    """Choose the method, and build the stack.

    Parameters
    ----------
    rows : Rows
        All finished trials on all development cases, and on those under shift where the objective is robust.

    Returns
    -------
    stack : Stack
    probabilities : ndarray of shape (n_cases, n_classes)
        The stack's out-of-fold probabilities of the cases at home, calibrated.
    comparison : MethodComparison
    """
    outcomes = cross_fit_all(tuple(METHODS), rows)
    utilities = {name: rows.utilities(raw) for name, (_, raw) in outcomes.items()}
    chosen = simplest_within_one_error(utilities)
    blends, raw = outcomes[chosen]
    home = rows.at_home
    calibrators, calibrated = cross_calibrate(raw[home], rows.labels[home], rows.folds[home])
    stack = Stack(chosen, tuple(blends), tuple(calibrators))
    return stack, calibrated, MethodComparison(utilities, chosen)


def cross_fit(method: str, rows: Rows) -> tuple[list[Blend], FloatArray]:
    """Choose members and weights for every fold without it, and apply them to it.

    Returns
    -------
    blends : list of Blend, one per fold
    raw : ndarray of shape (n_rows, n_classes)
    """
    return cross_fit_all((method,), rows)[method]


def cross_fit_all(methods: Sequence[str], rows: Rows) -> dict[str, tuple[list[Blend], FloatArray]]:
    """Return `cross_fit` of several methods, which share each fold's order of the trials."""
    blends: dict[str, list[Blend]] = {name: [] for name in methods}
    raw = {name: np.empty(rows.probabilities.shape[1:]) for name in methods}
    for fold in np.unique(rows.folds):
        held = rows.folds == fold
        others = _subset(rows, ~held)
        for name in methods:
            blend = METHODS[name](others)
            members = member_rows(rows, blend.members, held)
            references = np.sort(
                members[:, rows.at_home[held]], axis=1
            )  # ranks are positions among cases at home
            raw[name][held] = blend.apply(members, references)
            blends[name].append(blend)
    return {name: (blends[name], raw[name]) for name in methods}


def member_rows(rows: Rows, members: Sequence[int], held: BoolArray) -> FloatArray:
    """Return the members' probabilities of the held rows, shape (n_members, n_held, n_classes)."""
    positions = [rows.numbers.index(member) for member in members]
    return np.asarray(rows.probabilities[positions][:, held])


def simplest_within_one_error(utilities: Mapping[str, Sequence[float]]) -> str:
    """Return the first method whose figure is within one standard error of the best's, paired by fold.

    Examples
    --------
    >>> simplest_within_one_error({"simple": [0.90, 0.92, 0.91], "clever": [0.91, 0.91, 0.92]})
    'simple'
    >>> simplest_within_one_error({"simple": [0.90, 0.92, 0.91], "clever": [0.92, 0.94, 0.93]})
    'clever'
    """
    best = max(utilities, key=lambda name: float(np.mean(utilities[name])))
    for name, values in utilities.items():
        difference = np.subtract(utilities[best], values)
        error = float(np.std(difference, ddof=1)) / np.sqrt(len(difference))
        if float(np.mean(difference)) <= error:
            return name
    return best


def _subset(rows: Rows, keep: BoolArray) -> Rows:
    return replace(
        rows,
        probabilities=rows.probabilities[:, keep],
        labels=rows.labels[keep],
        folds=rows.folds[keep],
        shift=None if rows.shift is None else rows.shift[keep],
    )
