"""The last maps of a network with the embedding that follows from them, ready for gradients.

timm's networks keep their last features in three layouts: (n, channels, height, width), (n, height, width,
channels), and tokens (n, prefix + height * width, channels). A vision transformer that reads its class token
alone gives the tokens of its last layer no gradient; there the tokens before its last block are taken, from
which the class token is still to read.

Of a network that metadata enter (`automl_skin.backbones.spatial`) they are the maps that are pooled: those of
metanet_map behind its gate, those that cross_attention asks, and the image's places after metaformer's last stage.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from automl_skin.backbones.network import embedding_of
from automl_skin.backbones.spatial.catalogue import is_spatial
from automl_skin.backbones.spatial.features import as_trunk, channels_of
from automl_skin.errors import ConfigError


@dataclass(frozen=True)
class FeatureMaps:
    """Features before pooling, with what follows from them.

    Parameters
    ----------
    features : Tensor
        In the network's own layout; a leaf that takes gradients.
    embedding : Tensor of shape (n, n_dimensions)
        A function of `features`.
    as_maps : callable
        Turns tensors of the features' layout into (n, channels, height, width).
    """

    features: Tensor
    embedding: Tensor
    as_maps: Callable[[Tensor], Tensor]

    def gradient(self, direction: Tensor) -> tuple[Tensor, Tensor]:
        """Return the maps, and the gradient of ``(direction * embedding).sum()`` with respect to them."""
        (gradient,) = torch.autograd.grad((direction * self.embedding).sum(), self.features)
        return self.as_maps(self.features.detach()), self.as_maps(gradient)


def feature_maps(network: nn.Module, images: Tensor, metadata: Tensor | None = None) -> FeatureMaps:
    """Return the last maps of some images.

    Parameters
    ----------
    network : Module
        Of timm, without classifier, maybe with a spatial fusion around it; its weights need no gradients.
    images : Tensor of shape (n, 3, height, width)
        Normalised.
    metadata : Tensor of shape (n, n_metadata), optional
        Encoded, for a network that metadata enter.

    Raises
    ------
    ConfigError
        If the features are no maps in any of the layouts.
    """
    trunk = network.trunk if is_spatial(network) else network
    split = _before_last_block if getattr(trunk, "global_pool", "") == "token" else _before_pool
    features, embedding = split(network, images, metadata)
    if features.ndim == 3:
        height, width, prefix = _grid(trunk, features, images)
        return FeatureMaps(features, embedding, lambda each: _tokens_as_maps(each, height, width, prefix))
    channels = channels_of(features, as_trunk(trunk).num_features, type(trunk).__name__)
    return FeatureMaps(features, embedding, lambda each: each.movedim(channels, 1))


def _before_pool(network: nn.Module, images: Tensor, metadata: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return the features that are pooled, as a leaf, and the embedding."""
    if is_spatial(network) and metadata is not None:
        features = network.last_map(images, metadata).detach().requires_grad_()
        return features, network.pooled(features, metadata).float()
    trunk = as_trunk(network)
    features = trunk.forward_features(images).detach().requires_grad_()
    return features, trunk.forward_head(features, pre_logits=True).float()


def _before_last_block(network: nn.Module, images: Tensor, metadata: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return the tokens that the last block of a transformer is given, as a leaf, and the embedding."""
    kept: list[Tensor] = []

    def keep(_: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        kept.append(given[0].detach().requires_grad_())
        return (kept[0], *given[1:])

    trunk = network.trunk if is_spatial(network) else network
    hook = cast("nn.Sequential", trunk.blocks)[-1].register_forward_pre_hook(keep)
    try:
        embedding = embedding_of(network, images, metadata)
    finally:
        hook.remove()
    return kept[0], embedding


def _grid(network: nn.Module, tokens: Tensor, images: Tensor) -> tuple[int, int, int]:
    """Return rows, columns and prefix of tokens, which lie as the image does."""
    prefix = int(getattr(network, "num_prefix_tokens", 0) or 0)
    n_places = tokens.shape[1] - prefix
    ratio = images.shape[2] / images.shape[3]
    height = round((n_places * ratio) ** 0.5)
    if height < 1 or n_places % height:
        message = (
            f"{type(network).__name__}: expected tokens that are places of the image in rows and columns"
        )
        raise ConfigError(f"{message}, got {n_places}; explain another backbone")
    return height, n_places // height, prefix


def _tokens_as_maps(tokens: Tensor, height: int, width: int, prefix: int) -> Tensor:
    places = tokens[:, prefix:]
    return places.reshape(len(places), height, width, -1).movedim(3, 1)
