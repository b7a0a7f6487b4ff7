"""A fully connected layer whose initial weights come from a given generator."""

import math

import torch
from torch import nn


def dense(n_in: int, n_out: int, generator: torch.Generator) -> nn.Linear:
    """Return a layer with PyTorch's usual initial distribution, without the global generator.

    Examples
    --------
    >>> first, second = (dense(3, 2, torch.Generator().manual_seed(0)) for _ in range(2))
    >>> bool((first.weight == second.weight).all())
    True
    """
    layer = nn.Linear(n_in, n_out, device="meta").to_empty(device="cpu")
    bound = 1.0 / math.sqrt(n_in)
    with torch.no_grad():
        layer.weight.uniform_(-bound, bound, generator=generator)
        layer.bias.uniform_(-bound, bound, generator=generator)
    return layer
