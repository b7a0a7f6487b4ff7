"""Cross-attention: metadata ask, and the places of the image answer (Vaswani et al. 2017, section 3.2).

The metadata of a case become one query; keys and values are the tokens of the last map, before pooling. What they
answer stands beside the pooled embedding, so that an image without metadata loses nothing.
"""

import torch
from torch import nn

from automl_skin.backbones.spatial.features import SpatialNetwork, as_trunk, channels_of, tokens_of

WIDTH = 128
HEADS = 4


class CrossAttention(SpatialNetwork):
    """A network with an attention of the metadata over the places of its last map.

    Parameters
    ----------
    trunk : Module
        A network of timm without classifier.
    n_metadata : int
        Columns of metadata.
    width : int
        Of the answer.
    """

    def __init__(self, trunk: nn.Module, n_metadata: int, width: int = WIDTH) -> None:
        super().__init__(trunk)
        n_channels = as_trunk(trunk).num_features
        self.query = nn.Sequential(nn.Linear(n_metadata, width), nn.ReLU(), nn.Linear(width, width))
        self.attention = nn.MultiheadAttention(
            width, HEADS, kdim=n_channels, vdim=n_channels, batch_first=True
        )
        self.norm = nn.LayerNorm(width)

    def pooled(self, features: torch.Tensor, metadata: torch.Tensor) -> torch.Tensor:
        """Return embeddings of shape (n, n_dimensions + width): the trunk's own, and the answer beside it."""
        channels = channels_of(features, as_trunk(self.trunk).num_features, type(self.trunk).__name__)
        places = tokens_of(features, channels)
        answer, _ = self.attention(self.query(metadata)[:, None], places, places, need_weights=False)
        return torch.cat([super().pooled(features, metadata), self.norm(answer[:, 0])], dim=1)
