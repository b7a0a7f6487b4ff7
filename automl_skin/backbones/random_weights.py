"""Random weights: the same on every machine, for tests, synthetic studies and as a floor to compare with.

Every weight matrix is drawn by NumPy's generator from a seed of its own name, so that neither torch's
version, nor the processor, nor other users of torch's random numbers change it: normal with He's variance,
two over the number of inputs (He et al., ICCV 2015, eq. 10). Scales and biases keep timm's constants.

Batch normalisation keeps its initial statistics. Setting them by one pass over seeded noise was measured and is
worse (HAM10000, 1,000 images at 96 x 96, logistic regression, malignant AUC: resnet18 0.787 against 0.782,
mobilenetv3_small_100 0.661 against 0.612).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod

import numpy as np
import torch
from torch import nn

from automl_skin.seeding import generator


@contextmanager
def untouched_torch_seed(seed: int = 0) -> Iterator[None]:
    """Seed torch's random numbers inside, and restore them afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def draw_weights(network: nn.Module, seed: int) -> None:
    """Draw all weights of a network anew, in place.

    Deviation from He et al.: what is no matrix of a layer (position embeddings, class tokens, which timm
    names differently) is drawn like a matrix by its shape; vectors that are not constant become 0.
    """
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(_drawn(name, parameter, seed))


def _drawn(name: str, parameter: torch.Tensor, seed: int) -> torch.Tensor:
    if parameter.ndim < 2:  # a vector: scale or bias
        constant = bool((parameter == parameter.reshape(-1)[0]).all()) if parameter.numel() else True
        return parameter if constant else torch.zeros_like(parameter)
    n_inputs = prod(parameter.shape[1:])
    values = generator(seed, "weights", name).standard_normal(tuple(parameter.shape), dtype=np.float64)
    return torch.from_numpy((values * (2.0 / n_inputs) ** 0.5).astype(np.float32))
