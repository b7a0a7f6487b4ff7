"""A stack with the fitted chains of its members: inputs in, probabilities out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from automl_skin.arrays import FloatArray
from automl_skin.chains.calibration import Calibrator
from automl_skin.chains.fitted import FittedChain
from automl_skin.chains.inputs import CaseInputs
from automl_skin.stacking.blend import Blend
from automl_skin.stacking.stack import Stack


@dataclass(frozen=True)
class FittedStack:
    """K blends over the very chains that were measured.

    Parameters
    ----------
    stack : Stack
    chains : mapping of (trial, fold) to FittedChain
        Calibrated chains of all members of each fold's blend.
    references : mapping of (trial, fold) to ndarray of shape (n_held, n_classes)
        The chain's own calibrated out-of-fold probabilities, sorted by column, for the rule ``rank``.
    """

    stack: Stack
    chains: Mapping[tuple[int, int], FittedChain]
    references: Mapping[tuple[int, int], FloatArray]

    @property
    def needed(self) -> tuple[tuple[int, int], ...]:
        """The (trial, fold) pairs whose chains take part."""
        return needed_chains(self.stack)

    def predict_fold(self, inputs: CaseInputs, fold: int) -> FloatArray:
        """Return the probabilities of one fold's chain, shape (n_cases, n_classes)."""
        blend = self.stack.blends[fold]
        return self.blend_members(
            np.stack([self.chains[member, fold].predict(inputs) for member in blend.members]), fold
        )

    def blend_members(self, members: FloatArray, fold: int) -> FloatArray:
        """Return the probabilities of one fold's chain from its members' of shape (n_members, n_cases, n_classes)."""
        blend = self.stack.blends[fold]
        references = None
        if blend.rule == "rank":
            references = np.stack([self.references[member, fold] for member in blend.members])
        return self.stack.calibrators[fold].apply(blend.apply(members, references))

    def predict(self, inputs: CaseInputs) -> FloatArray:
        """Return the mean of the folds' probabilities, calibrated, shape (n_cases, n_classes)."""
        return self.average([self.predict_fold(inputs, fold) for fold in range(len(self.stack.blends))])

    def average(self, folds: Sequence[FloatArray]) -> FloatArray:
        """Return the mean of each fold's probabilities, calibrated, shape (n_cases, n_classes)."""
        mean = np.asarray(sum(folds) / len(folds))
        return mean if self.stack.of_mean is None else self.stack.of_mean.apply(mean)


def needed_chains(stack: Stack) -> tuple[tuple[int, int], ...]:
    """Return the (trial, fold) pairs that a stack uses, in order."""
    return tuple(
        sorted((member, fold) for fold, blend in enumerate(stack.blends) for member in blend.members)
    )


def single_stack(trial: int, n_folds: int, n_classes: int) -> Stack:
    """Return the stack that is one trial, unchanged."""
    n_maps = 1 if n_classes == 2 else n_classes  # a binary target
    identity = Calibrator((1.0,) * n_maps, (0.0,) * n_maps)
    return Stack("best trial", (Blend("average", (trial,), (1.0,)),) * n_folds, (identity,) * n_folds)
