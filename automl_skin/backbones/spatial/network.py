"""What the networks that metadata enter have in common: a last map, and the embedding that is pooled from it."""

import torch
from torch import nn

from automl_skin.backbones.spatial.features import as_trunk


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
