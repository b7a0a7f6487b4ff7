"""Networks: loaded with their weights, saved, and turned into embeddings."""

from pathlib import Path

import torch
from torch import nn

from automl_skin.arrays import Float32Array, Pixels
from automl_skin.backbones.catalogue import Backbone
from automl_skin.backbones.device import Precision


def load_network(backbone: Backbone) -> nn.Module:
    """Load a backbone without its classifier, in evaluation mode, on the CPU."""
    raise NotImplementedError


def save_network(backbone: Backbone, network: nn.Module, folder: Path) -> None:
    """Write a network in hub layout; ``read_folder(folder)`` and `load_network` bring it back."""
    raise NotImplementedError


def weights_digest(network: nn.Module) -> str:
    """Return the digest of a network's weights, whatever their order."""
    raise NotImplementedError


def network_digest(backbone: Backbone, network: nn.Module) -> str:
    """Return the digest of what decides embeddings: architecture, its arguments, and weights."""
    raise NotImplementedError


def embed(
    network: nn.Module,
    images: Pixels,
    *,
    mean: tuple[float, float, float],
    std: tuple[float, float, float],
    views: int = 1,
    device: torch.device,
    precision: Precision,
) -> Float32Array:
    """Return the embeddings (n, n_dimensions) of images (n, height, width, 3)."""
    raise NotImplementedError
