"""Losses on soft labels: cross-entropy, weighted by class, focal.

Symbols: n cases, K classes, p the softmax of the logits, t the soft label (a row of shares that sums to 1).
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from automl_skin.arrays import IntArray
from automl_skin.backbones.tuning.recipe import TuningRecipe

FOCAL_GAMMA = 2.0
"""Exponent of the focal loss, as Lin et al. found best."""

Loss = Callable[[Tensor, Tensor], Tensor]


def make_loss(recipe: TuningRecipe, counts: IntArray, device: torch.device) -> Loss:
    """Return the loss: logits and soft labels, both (n, K), to one number per case (n,).

    Parameters
    ----------
    counts : ndarray of shape (K,)
        Training rows of each class.
    """
    smoothing = recipe.label_smoothing
    if recipe.loss == "focal":
        return lambda logits, soft: focal_loss(logits, _smoothed(soft, smoothing), FOCAL_GAMMA)
    weight = class_weights(counts).to(device) if recipe.loss == "weighted" else None
    return lambda logits, soft: functional.cross_entropy(
        logits, soft, weight=weight, label_smoothing=smoothing, reduction="none"
    )


def class_weights(counts: IntArray) -> Tensor:
    """Return weights of shape (K,), inverse to the classes' shares; those of the rows have mean 1.

    A class without rows weighs 0.

    Examples
    --------
    >>> class_weights(torch.tensor([30, 10, 0]).numpy())
    tensor([0.6667, 2.0000, 0.0000])
    """
    rows = torch.as_tensor(counts, dtype=torch.float64)
    present = rows > 0
    weights = torch.where(present, rows.sum() / (present.sum() * rows.clamp(min=1)), 0.0)
    return weights.float()


def focal_loss(logits: Tensor, soft: Tensor, gamma: float) -> Tensor:
    r"""Return :math:`-\sum_k t_k (1 - p_k)^\gamma \log p_k` of each case.

    Lin et al., Focal loss for dense object detection, ICCV 2017, equation 4. Deviation: summed over the
    classes by their soft labels, which for a hard label is the equation itself.

    Examples
    --------
    >>> logits, soft = torch.tensor([[0.0, 0.0]]), torch.tensor([[1.0, 0.0]])
    >>> focal_loss(logits, soft, 2.0) / focal_loss(logits, soft, 0.0)
    tensor([0.2500])
    """
    logs = functional.log_softmax(logits, dim=1)
    return -(soft * (1.0 - logs.exp()).clamp(min=0.0).pow(gamma) * logs).sum(dim=1)


def _smoothed(soft: Tensor, smoothing: float) -> Tensor:
    return soft * (1.0 - smoothing) + smoothing / soft.shape[1]
