"""MetaFormer: metadata as a token beside those of the image (Diao et al. 2022, section 3).

Two stages of convolutions, then two of relative attention; in the latter the metadata stand beside the image as a
token that attends and is attended to. The trunk is CoAtNet, which timm has, with its weights: sizes 0, 1 and 2 are
its ``coatnet_0``, ``coatnet_1`` and ``coatnet_2``.

Deviations from the published code, all of them to keep timm's trunk and its weights as they are:

- the first block of a stage shrinks the map inside its attention and sees the image alone; the token enters at the
  second block (there, an embedding of patches shrinks the map before the first block);
- the embedding is CoAtNet's own, the mean of the image's tokens after the last stage; there are no class tokens
  whose two stages are aggregated;
- one token holds the whole vector of metadata, as Ahammed et al. 2025 fed it, not one token per kind of metadata.
"""

from typing import Any

import torch
from timm.models.maxxvit import MaxxVit, TransformerBlock2d
from torch import Tensor, nn
from torch.nn import functional

from automl_skin.backbones.spatial.features import SpatialNetwork
from automl_skin.errors import ConfigError


class Residual(nn.Module):
    """Two layers with ReLU and normalisation, added to their input (the published `ResNormLayer`)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.LayerNorm(width),
            nn.Linear(width, width), nn.ReLU(), nn.LayerNorm(width),
        )  # fmt: skip

    def forward(self, values: Tensor) -> Tensor:
        """Return values of the same shape (n, width)."""
        added: Tensor = self.layers(values)
        return values + added


class MetadataStage(nn.Module):
    """What one stage of attention adds: the token, and the bias of its attention.

    Parameters
    ----------
    width : int
        Channels of the stage.
    """

    def __init__(self, n_metadata: int, width: int, n_heads: int) -> None:
        super().__init__()
        self.token = nn.Sequential(
            nn.Linear(n_metadata, width), nn.ReLU(), nn.LayerNorm(width), Residual(width)
        )
        # image to token, token to image, token to itself: there is no distance between them
        self.bias = nn.Parameter(torch.zeros(3, n_heads))

    def widen(self, bias: Tensor) -> Tensor:
        """Return a relative bias (1, n_heads, n, n) with a row and a column more, for the token."""
        to_token, from_token, own = self.bias[:, None, :, None, None]
        n_places = bias.shape[-1]
        right = to_token.expand(1, -1, n_places, 1)
        below = torch.cat([from_token.expand(1, -1, 1, n_places), own], dim=3)
        return torch.cat([torch.cat([bias, right], dim=3), below], dim=2)


class MetaFormer(SpatialNetwork):
    """A CoAtNet whose stages of attention see a token of metadata.

    Parameters
    ----------
    trunk : MaxxVit
        timm's CoAtNet without classifier.
    n_metadata : int
        Columns of metadata.

    Raises
    ------
    ConfigError
        If the trunk is no CoAtNet with relative attention in its last stages.
    """

    def __init__(self, trunk: nn.Module, n_metadata: int) -> None:
        super().__init__(trunk)
        self.metadata = nn.ModuleDict()
        for number, stage in enumerate(_stages(trunk)):
            if all(isinstance(block, TransformerBlock2d) for block in stage):
                attention = stage[-1].attn
                added = MetadataStage(n_metadata, stage[-1].norm2.weight.shape[0], attention.num_heads)
                self.metadata[str(number)] = added
        if not self.metadata:
            message = "the fusion metaformer: expected stages of relative attention"
            message += f", got {type(trunk).__name__}; choose one of timm's coatnet_0 to coatnet_2"
            raise ConfigError(message)

    def last_map(self, images: Tensor, metadata: Tensor) -> Tensor:
        """Return the image's places after the last stage, of shape (n, channels, height, width)."""
        trunk: Any = self.trunk
        values = trunk.stem(images)
        for number, stage in enumerate(trunk.stages):
            if str(number) in self.metadata:
                values = _attend_to(self.metadata[str(number)], stage.blocks, values, metadata)
            else:
                values = stage(values)
        last: Tensor = trunk.norm(values)
        return last


def _stages(trunk: nn.Module) -> list[Any]:
    if not isinstance(trunk, MaxxVit):
        return []
    return [stage.blocks for stage in trunk.stages]


def _attend_to(added: nn.Module, blocks: Any, values: Tensor, metadata: Tensor) -> Tensor:
    """Return the map (n, channels, height, width) after a stage."""
    first, *rest = blocks
    values = first(values)
    shape = values.shape
    token = added.get_submodule("token")(metadata)[:, :, None]
    sequence = torch.cat([values.flatten(2), token], dim=2)[
        :, :, None
    ]  # timm's blocks take maps: one of one row
    for block in rest:
        answer = _attention(block.attn, block.norm1(sequence), added)
        sequence = sequence + block.drop_path1(block.ls1(answer))
        sequence = sequence + block.drop_path2(block.ls2(block.mlp(block.norm2(sequence))))
    return sequence[:, :, 0, :-1].reshape(shape)


def _attention(attention: Any, values: Tensor, added: Any) -> Tensor:
    """Return what timm's `Attention2d` would, over places and token of shape (n, channels, 1, n_places + 1)."""
    n, length = len(values), values.shape[-1]
    mixed = attention.qkv(values)
    if attention.head_first:
        parts = mixed.view(n, attention.num_heads, attention.dim_head * 3, length).chunk(3, dim=2)
    else:
        parts = mixed.view(n, 3, attention.num_heads, attention.dim_head, length).unbind(1)
    query, key, value = (part.transpose(-1, -2) for part in parts)
    answer = functional.scaled_dot_product_attention(
        query,
        key,
        value,
        attn_mask=added.widen(attention.rel_pos.get_bias()),
        dropout_p=attention.attn_drop.p if attention.training else 0.0,
    )
    projected: Tensor = attention.proj_drop(
        attention.proj(answer.transpose(-1, -2).reshape(n, -1, 1, length))
    )
    return projected
