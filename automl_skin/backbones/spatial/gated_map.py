"""MetaNet before pooling: metadata weight the channels of the last map (Li et al. 2020, section 2, figure 1b).

On a network that ends in a plain average pool this is the gate on the pooled embedding, which costs nothing
(`metanet` of the pooled fusions). Elsewhere (a convolution or an activation after the pool, as in MobileNetV3, or
class tokens) only this is what the paper describes.
"""

from itertools import pairwise

import torch
from torch import nn

from automl_skin.backbones.spatial.features import SpatialNetwork, as_trunk, channels_of


class GatedMap(SpatialNetwork):
    """A network whose last map is multiplied, channel by channel, by a function of the metadata.

    Parameters
    ----------
    trunk : Module
        A network of timm without classifier.
    n_metadata : int
        Columns of metadata.
    layers : int
        Fully connected layers, 1 to 4; two in the paper.
    """

    def __init__(self, trunk: nn.Module, n_metadata: int, layers: int = 2) -> None:
        super().__init__(trunk)
        n_channels = as_trunk(trunk).num_features
        # the paper halves towards the input: 512 and 1,024 before 2,048 channels with three layers
        hidden = [n_channels // 2**step for step in range(layers - 1, 0, -1)]
        sizes = [n_metadata, *hidden, n_channels]
        self.layers = nn.ModuleList(nn.Linear(n_in, n_out) for n_in, n_out in pairwise(sizes))

    def last_map(self, images: torch.Tensor, metadata: torch.Tensor) -> torch.Tensor:
        """Return the gated features, in the trunk's layout."""
        features = super().last_map(images, metadata)
        n_channels = as_trunk(self.trunk).num_features
        shape = [len(features), *[1] * (features.ndim - 1)]
        shape[channels_of(features, n_channels, type(self.trunk).__name__)] = n_channels
        return features * self.gate(metadata).reshape(shape)

    def gate(self, metadata: torch.Tensor) -> torch.Tensor:
        """Return the factor of each channel, in (0, 1), of shape (n, n_channels)."""
        *hidden, last = self.layers
        for layer in hidden:
            metadata = torch.relu(layer(metadata))
        return torch.sigmoid(last(metadata))
