"""AUCs of several models on the same resamples of whole groups."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.metrics.catalogue import METRICS
from automl_skin.metrics.inputs import check_predictions, group_codes
from automl_skin.metrics.intervals import weight_blocks

N_RESAMPLES = 2000


def resampled_aucs(
    labels: IntArray,
    models: Sequence[FloatArray],
    groups: npt.ArrayLike,
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> FloatArray:
    """Return the (macro) AUC of every model on every resample; NaN where one class only was drawn.

    The resamples are those of `metrics.intervals.auc_difference`, drawn once for all models: differences
    between rows are paired.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    models : sequence of arrays of shape (n_cases, n_classes)
    groups : array of shape (n_cases,)
        Drawn whole.

    Returns
    -------
    array of shape (n_models, n_resamples)
    """
    checked = [check_predictions(labels, probabilities) for probabilities in models]
    group_codes(groups, len(labels))
    auc = METRICS["auc"]
    blocks = [
        np.stack([auc.on_resamples(target, probabilities, block) for target, probabilities in checked])
        for block in weight_blocks(groups, n_resamples, seed)
    ]
    return np.concatenate(blocks, axis=1)
