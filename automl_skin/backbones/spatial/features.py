"""Features before pooling, whatever their layout, and what the networks that metadata enter have in common."""

from typing import Protocol, cast

import torch
from torch import nn

from automl_skin.errors import ConfigError


class Trunk(Protocol):
    """The part of timm's interface that every network has."""

    num_features: int

    def forward_features(self, images: torch.Tensor) -> torch.Tensor:
        """Return the last map or tokens."""
        ...

    def forward_head(self, features: torch.Tensor, *, pre_logits: bool) -> torch.Tensor:
        """Return the pooled embedding."""
        ...


def as_trunk(network: nn.Module) -> Trunk:
    """Return a network of timm as what it offers."""
    return cast("Trunk", network)


def channels_of(features: torch.Tensor, n_channels: int, name: str) -> int:
    """Return which dimension of some features has the channels.

    Parameters
    ----------
    features : Tensor of shape (n, channels, height, width), (n, height, width, channels) or (n, tokens, channels)
    n_channels : int
        As the network says.
    name : str
        Of the network, for the message.

    Raises
    ------
    ConfigError
        If the features are neither a map nor tokens of so many channels.

    Examples
    --------
    >>> channels_of(torch.zeros(2, 64, 7, 7), 64, "a network"), channels_of(torch.zeros(2, 50, 64), 64, "another")
    (1, 2)
    """
    shape = tuple(features.shape)
    if len(shape) == 4 and shape[1] == n_channels:  # a map in PyTorch's layout
        return 1
    if len(shape) in {3, 4} and shape[-1] == n_channels:  # tokens, or a map with channels last
        return len(shape) - 1
    message = f"the features of {name} before pooling: expected {n_channels} channels first or last"
    raise ConfigError(
        f"{message}, got the shape {shape}; choose a fusion on pooled embeddings, such as metanet"
    )


def tokens_of(features: torch.Tensor, channels: int) -> torch.Tensor:
    """Return features as tokens of shape (n, n_tokens, n_channels)."""
    return features.movedim(channels, -1).flatten(1, -2)


class SpatialNetwork(nn.Module):
    """A network whose embedding of an image depends on its metadata.

    A fusion states where they enter: before the last map, or between it and the embedding.

    Parameters
    ----------
    trunk : Module
        A network of timm without classifier.
    """

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk

    def embed(self, images: torch.Tensor, metadata: torch.Tensor) -> torch.Tensor:
        """Return embeddings of shape (n, n_dimensions).

        Parameters
        ----------
        images : Tensor of shape (n, 3, height, width)
        metadata : Tensor of shape (n, n_metadata)
        """
        return self.pooled(self.last_map(images, metadata), metadata)

    def last_map(self, images: torch.Tensor, metadata: torch.Tensor) -> torch.Tensor:  # noqa: ARG002 - a fusion's
        """Return the features before pooling, in the trunk's layout; the trunk's own unless a fusion says otherwise."""
        return as_trunk(self.trunk).forward_features(images)

    def pooled(self, features: torch.Tensor, metadata: torch.Tensor) -> torch.Tensor:  # noqa: ARG002 - a fusion's
        """Return the embeddings that follow from the last map; the trunk's own unless a fusion says otherwise."""
        return as_trunk(self.trunk).forward_head(features, pre_logits=True)
