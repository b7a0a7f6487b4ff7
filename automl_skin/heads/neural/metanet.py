"""MetaNet: metadata decides how much each channel of the image counts (Li et al. 2020, section 2).

The paper multiplies the channels of the last feature map before average pooling. A factor on a channel
commutes with the average, so on the pooled embedding it is the same function wherever the network ends in
a plain average pool; elsewhere it is a gate on the embedding.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from automl_skin.heads.neural.config import METANET_SPACE
from automl_skin.heads.neural.dense import dense

__all__ = ["METANET_SPACE", "MetanetGate"]


class MetanetGate(nn.Module):
    """Fully connected layers with ReLU between them and a sigmoid at the end.

    Parameters
    ----------
    n_metadata : int
        Columns of metadata.
    n_channels : int
        Columns of the image.
    n_layers : int
        Fully connected layers, 1 to 4.
    width : int
        Outputs of each layer but the last.
    generator : torch.Generator
        Draws the initial weights.

    Examples
    --------
    >>> gate = MetanetGate(20, 64, n_layers=2, width=16, generator=torch.Generator().manual_seed(0))
    >>> image, metadata = torch.ones(5, 64), torch.zeros(5, 20)
    >>> gated = gate(image, metadata)
    >>> gated.shape, bool((gated > 0).all() and (gated < 1).all())
    (torch.Size([5, 64]), True)
    """

    def __init__(
        self, n_metadata: int, n_channels: int, *, n_layers: int, width: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        sizes = [n_metadata, *[width] * (n_layers - 1), n_channels]
        self.layers = nn.ModuleList(dense(n_in, n_out, generator) for n_in, n_out in pairwise(sizes))

    def forward(self, image: Tensor, metadata: Tensor) -> Tensor:
        """Return gated channels of shape (n_cases, n_channels).

        Parameters
        ----------
        image : Tensor of shape (n_cases, n_channels)
        metadata : Tensor of shape (n_cases, n_metadata)
        """
        hidden = metadata
        for layer in self.layers[:-1]:
            hidden = torch.relu(layer(hidden))
        return image * torch.sigmoid(self.layers[-1](hidden))
