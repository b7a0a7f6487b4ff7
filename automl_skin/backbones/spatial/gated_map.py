"""MetaNet before pooling: metadata weight the channels of the last map (Li et al. 2020, section 2, figure 1b).

On a network that ends in a plain average pool this is the gate on the pooled embedding, which costs nothing
(`metanet` of the pooled fusions). Elsewhere (a convolution or an activation after the pool, as in MobileNetV3, or
class tokens) only this is what the paper describes.
"""

from itertools import pairwise

import torch
from torch import nn

from automl_skin.backbones.spatial.features import as_trunk, channels_of


class GatedMap(nn.Module):
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
        super().__init__()
        self.trunk = trunk
        n_channels = as_trunk(trunk).num_features
        # the paper halves towards the input: 512 and 1,024 before 2,048 channels with three layers
        hidden = [n_channels // 2**step for step in range(layers - 1, 0, -1)]
        sizes = [n_metadata, *hidden, n_channels]
        self.layers = nn.ModuleList(nn.Linear(n_in, n_out) for n_in, n_out in pairwise(sizes))

    def embed(self, images: torch.Tensor, metadata: torch.Tensor) -> torch.Tensor:
        """Return embeddings of shape (n, n_dimensions).

        Parameters
        ----------
        images : Tensor of shape (n, 3, height, width)
        metadata : Tensor of shape (n, n_metadata)
        """
        trunk = as_trunk(self.trunk)
        features = trunk.forward_features(images)
        channels = channels_of(features, trunk.num_features, type(self.trunk).__name__)
        shape = [len(features), *[1] * (features.ndim - 1)]
        shape[channels] = trunk.num_features
        gated = features * self.gate(metadata).reshape(shape)
        return trunk.forward_head(gated, pre_logits=True)

    def gate(self, metadata: torch.Tensor) -> torch.Tensor:
        """Return the factor of each channel, in (0, 1), of shape (n, n_channels)."""
        *hidden, last = self.layers
        for layer in hidden:
            metadata = torch.relu(layer(metadata))
        return torch.sigmoid(last(metadata))
