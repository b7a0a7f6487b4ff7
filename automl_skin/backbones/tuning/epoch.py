"""What is known after each epoch of a tuning, when it ends, and which of its epochs counts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.records import NullableFloat


@dataclass(frozen=True)
class Epoch:
    """One finished epoch.

    Parameters
    ----------
    number, epochs : int
        This epoch, from 1, of how many.
    loss : float
        Mean over the epoch's images, as trained (mixed, augmented).
    inner_auc : float
        Of the target on the watched rows, with averaged weights where there are any, before
        they are mixed with the start (`TuningRecipe.wise`); NaN without.
    images_per_second : float
        Trained on, watching not counted.
    seconds : float
        Of this epoch, watching and saving included.
    seconds_left : float
        Estimate for the epochs that are left.
    """

    number: int
    epochs: int
    loss: NullableFloat
    inner_auc: NullableFloat
    images_per_second: float
    seconds: float
    seconds_left: float


def best_epoch(curve: Sequence[Epoch]) -> int:
    """Return the number of the epoch with the highest inner AUC, the first of several; 0 without epochs."""
    aucs = [-math.inf if math.isnan(epoch.inner_auc) else epoch.inner_auc for epoch in curve]
    return aucs.index(max(aucs)) + 1 if aucs else 0


def is_over(curve: Sequence[Epoch], recipe: TuningRecipe) -> bool:
    """Tell whether all epochs are done, or `TuningRecipe.patience` of them brought no gain."""
    if len(curve) >= recipe.epochs:
        return True
    return bool(recipe.patience) and len(curve) - best_epoch(curve) >= recipe.patience
