"""What the deployed stack, a mean over folds, would have said of development cases: nested cross-validation.

The mean of K chains is less noisy than each of them, so that probabilities that are right for one chain are not extreme
enough for the mean. Simulated (200 studies of a logistic and a boosted-tree chain on 48 columns, AUC 0.76 on new
cases), the stack's slope on new cases is 1.28 at 300 cases and 1.11 at 1,000. So for every outer fold a the whole is
made again on the rows of the other folds: chains without a and each inner fold b, their calibrators, the blend that was
chosen without a, its calibrators, and the mean over b. On these probabilities the last calibrator is fitted, which
takes the slope to 1.02 and 0.96 (the form was chosen on the same studies; boosted trees alone keep 1.12 at 300). At
100 cases nothing can be fitted well: the slope is between 0.8 and 2.1 in the middle half of studies, 1.2 in their
median (1.4 without).

A mean is never noisier than what it is of. So the last calibrator makes probabilities more extreme or leaves them
alone: a slope below 1 is the noise of few cases.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.chains.calibration import Calibrator, fit_calibrator
from automl_skin.stacking.stack import Stack

MIN_FOLDS = 3
"""With fewer, no row is left to fit on without two folds."""


@dataclass(frozen=True)
class NestedMember:
    """Uncalibrated probabilities of one trial by its chains without two folds.

    Parameters
    ----------
    inner : ndarray of shape (n_folds, n_cases, n_classes)
        ``inner[a]``: the cases of every other fold b, by the chain without a and b.
    outer : ndarray of shape (n_folds, n_cases, n_classes)
        ``outer[b]``: the same cases as those held out of the whole, by the chain without b and their own fold; ranks
        are positions in fold b.
    """

    inner: FloatArray
    outer: FloatArray

    @classmethod
    def of_single_chains(cls, raw: FloatArray, n_folds: int) -> "NestedMember":
        """Return out-of-fold probabilities in the place of what was not fitted without two folds.

        The mean is then not seen to be less noisy than one chain, as far as it rests on this trial.
        """
        same = np.broadcast_to(raw, (n_folds, *raw.shape))
        return cls(same, same)


def calibrate_mean(
    stack: Stack, members: Mapping[int, NestedMember], labels: IntArray, folds: IntArray
) -> tuple[Stack, FloatArray]:
    """Fit the calibrator of the mean over folds.

    Returns
    -------
    stack : Stack
        With it.
    deployed : ndarray of shape (n_cases, n_classes)
        Out-of-fold probabilities that are to the deployed stack's what those of single chains are to a single chain's;
        each row by the last calibrator that was fitted without its fold.
    """
    nested = nested_probabilities(stack, members, labels, folds)
    deployed = np.empty_like(nested)
    for fold in np.unique(folds):
        held = folds == fold
        deployed[held] = _fit_of_mean(nested[~held], labels[~held]).apply(nested[held])
    return replace(stack, of_mean=_fit_of_mean(nested, labels)), deployed


def _fit_of_mean(probabilities: FloatArray, labels: IntArray) -> Calibrator:
    """Return the calibrator with the maps that make probabilities less extreme left out."""
    fitted = fit_calibrator(probabilities, labels)
    maps = [
        (slope, intercept) if slope > 1 else (1.0, 0.0)
        for slope, intercept in zip(fitted.slopes, fitted.intercepts, strict=True)
    ]
    return Calibrator(tuple(slope for slope, _ in maps), tuple(intercept for _, intercept in maps))


def nested_probabilities(
    stack: Stack, members: Mapping[int, NestedMember], labels: IntArray, folds: IntArray
) -> FloatArray:
    """Return the mean over inner folds, without the last calibrator, shape (n_cases, n_classes)."""
    nested = np.empty((len(labels), next(iter(members.values())).inner.shape[2]))
    for outer in range(len(stack.blends)):
        nested[folds == outer] = _without(stack, members, labels, folds, outer)
    return nested


def _without(
    stack: Stack, members: Mapping[int, NestedMember], labels: IntArray, folds: IntArray, outer: int
) -> FloatArray:
    """Return what the stack that is made without a fold says of it; nothing of it has seen the fold's labels."""
    blend, held = stack.blends[outer], folds == outer
    calibrated = [
        _calibrate(members[each].inner[outer], members[each].outer[:, held], labels, folds, outer)
        for each in blend.members
    ]
    inner, answers = (np.stack(parts) for parts in zip(*calibrated, strict=True))
    blended, answered = np.empty(inner.shape[1:]), np.empty(answers.shape[1:])
    for fold in _others(folds, outer):
        rows = folds == fold
        references = np.sort(inner[:, rows], axis=1)
        blended[rows] = blend.apply(inner[:, rows], references)
        answered[fold] = blend.apply(answers[:, fold], references)
    _, answered = _calibrate(blended, answered, labels, folds, outer)
    return np.asarray(answered[_others(folds, outer)].mean(axis=0))


def _calibrate(
    inner: FloatArray, answers: FloatArray, labels: IntArray, folds: IntArray, outer: int
) -> tuple[FloatArray, FloatArray]:
    """Calibrate by inner fold, each by the calibrator that was fitted without it and without the outer fold.

    Parameters
    ----------
    inner : ndarray of shape (n_cases, n_classes)
        Of the cases of the inner folds.
    answers : ndarray of shape (n_folds, n_held, n_classes)
        By inner fold, of the outer fold's cases.
    """
    after_inner, after_answers = inner.copy(), answers.copy()
    for fold in _others(folds, outer):
        rows, fitted = folds == fold, ~np.isin(folds, [fold, outer])
        calibrator = fit_calibrator(inner[fitted], labels[fitted])
        after_inner[rows] = calibrator.apply(inner[rows])
        after_answers[fold] = calibrator.apply(answers[fold])
    return after_inner, after_answers


def _others(folds: IntArray, outer: int) -> list[int]:
    return [int(fold) for fold in np.unique(folds) if fold != outer]
