"""The last maps of a network with the embedding that follows from them, ready for gradients.

timm's networks keep their last features in three layouts: (n, channels, height, width), (n, height, width,
channels), and tokens (n, prefix + height * width, channels). A vision transformer that reads its class token
alone gives the tokens of its last layer no gradient; there the tokens before its last block are taken, from
which the class token is still to read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from automl_skin.backbones.network import embedding_of
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


def feature_maps(network: nn.Module, images: Tensor) -> FeatureMaps:
    """Return the last maps of some images.

    Parameters
    ----------
    network : Module
        Of timm, without classifier; its weights need no gradients.
    images : Tensor of shape (n, 3, height, width)
        Normalised.

    Raises
    ------
    ConfigError
        If the features are no maps in any of the layouts.
    """
    trunk = as_trunk(network)
    if getattr(network, "global_pool", "") == "token":
        features, embedding = _before_last_block(network, images)
    else:
        features = trunk.forward_features(images).detach().requires_grad_()
        embedding = trunk.forward_head(features, pre_logits=True).float()
    if features.ndim == 3:
        height, width, prefix = _grid(network, features, images)
        return FeatureMaps(features, embedding, lambda each: _tokens_as_maps(each, height, width, prefix))
    channels = channels_of(features, trunk.num_features, type(network).__name__)
    return FeatureMaps(features, embedding, lambda each: each.movedim(channels, 1))


def _before_last_block(network: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the tokens that the last block of a transformer is given, as a leaf, and the embedding."""
    kept: list[Tensor] = []

    def keep(_: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        kept.append(given[0].detach().requires_grad_())
        return (kept[0], *given[1:])

    hook = cast("nn.Sequential", network.blocks)[-1].register_forward_pre_hook(keep)
    try:
        embedding = embedding_of(network, images)
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
        message = f"the {n_places} tokens of {type(network).__name__} must be places of the image in rows and columns"
        raise ConfigError(f"{message}, and are not; explain another backbone")
    return height, n_places // height, prefix


def _tokens_as_maps(tokens: Tensor, height: int, width: int, prefix: int) -> Tensor:
    places = tokens[:, prefix:]
    return places.reshape(len(places), height, width, -1).movedim(3, 1)
