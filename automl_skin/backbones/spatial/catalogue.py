"""Spatial fusions by name, and one of them around a network."""

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import torch
from torch import nn

from automl_skin.backbones.random_weights import untouched_torch_seed
from automl_skin.backbones.spatial.cross_attention import CrossAttention
from automl_skin.backbones.spatial.features import SpatialNetwork
from automl_skin.backbones.spatial.gated_map import GatedMap
from automl_skin.backbones.spatial.metaformer import MetaFormer
from automl_skin.errors import ConfigError

SPATIAL_FUSIONS: Mapping[str, Callable[..., SpatialNetwork]] = {
    "metanet_map": GatedMap,
    "cross_attention": CrossAttention,
    "metaformer": MetaFormer,
}


def add_metadata(
    trunk: nn.Module, fusion: str, n_metadata: int, seed: int, settings: Mapping[str, Any] | None = None
) -> nn.Module:
    """Return a network with a spatial fusion around it, in the trunk's mode and memory format.

    Parameters
    ----------
    trunk : Module
        A network of timm without classifier.
    fusion : str
        A name in `SPATIAL_FUSIONS`.
    n_metadata : int
        Columns of metadata.
    seed : int
        Draws the initial weights of what is added; the trunk's stay as they are.
    settings : mapping, optional
        Of the fusion.

    Raises
    ------
    ConfigError
        If there is no such fusion, no metadata, or the network has no place for it.
    """
    if fusion not in SPATIAL_FUSIONS:
        message = f"a spatial fusion: expected one of {', '.join(SPATIAL_FUSIONS)}, got {fusion!r}"
        raise ConfigError(message)
    if n_metadata < 1:
        raise ConfigError(f"the fusion {fusion} expected at least one column of metadata, got none")
    with untouched_torch_seed(seed):
        network = SPATIAL_FUSIONS[fusion](trunk, n_metadata, **(settings or {}))
    return network.train(trunk.training).to(memory_format=torch.channels_last)


def is_spatial(network: nn.Module) -> TypeGuard[SpatialNetwork]:
    """Return whether a network's embeddings depend on metadata."""
    return isinstance(network, SpatialNetwork)
