"""The network of the neural head."""

import torch
from torch import Tensor

from automl_skin.heads.neural.config import MlpConfig
from automl_skin.heads.neural.engine import Engine
from automl_skin.heads.neural.formula import network_layers, network_scores


class Network(Engine):
    """`automl_skin.heads.neural.formula` as a module.

    Parameters
    ----------
    config : MlpConfig
    n_image, n_metadata : int
        Columns of the image and of the metadata.
    n_scores : int
        Classes that are present.
    generator : torch.Generator, optional
        See `Engine`.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(0)
    >>> network = Network(MlpConfig(fusion="metanet"), 64, 20, 3, generator)
    >>> network(torch.zeros(5, 64), torch.zeros(5, 20)).shape
    torch.Size([5, 3])
    """

    def __init__(
        self,
        config: MlpConfig,
        n_image: int,
        n_metadata: int,
        n_scores: int,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(network_layers(config, n_image, n_metadata, n_scores), generator)
        self.config = config

    def forward(self, image: Tensor, metadata: Tensor) -> Tensor:
        """Return scores of shape (n_cases, n_scores) from (n_cases, n_image) and (n_cases, n_metadata)."""
        return network_scores(self, self.config, image, metadata)
