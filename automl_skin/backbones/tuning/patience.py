"""When a tuning ends, and which of its epochs counts."""

import math
from collections.abc import Sequence

from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.backbones.tuning.recipe import TuningRecipe


def best_epoch(curve: Sequence[Epoch]) -> int:
    """Return the number of the epoch with the greatest inner AUC, the first of several; 0 without epochs."""
    aucs = [-math.inf if math.isnan(epoch.inner_auc) else epoch.inner_auc for epoch in curve]
    return aucs.index(max(aucs)) + 1 if aucs else 0


def is_over(curve: Sequence[Epoch], recipe: TuningRecipe) -> bool:
    """Tell whether all epochs are done, or too many have brought no gain."""
    if len(curve) >= recipe.epochs:
        return True
    return bool(recipe.patience) and len(curve) - best_epoch(curve) >= recipe.patience
