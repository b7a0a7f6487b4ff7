"""The network of the neural head, in torch, for training."""

import torch
from torch import Tensor, nn

from automl_skin.arrays import Float32Array
from automl_skin.heads.neural.config import MlpConfig
from automl_skin.heads.neural.formula import network_layers, network_scores
from automl_skin.heads.neural.torch_engine import TorchEngine


class Network(nn.Module):
    """`automl_skin.heads.neural.formula` with weights that learn.

    Parameters
    ----------
    config : MlpConfig
    n_image, n_metadata : int
        Columns of the image and of the metadata.
    n_scores : int
        Classes that are present.
    generator : torch.Generator
        Draws initial weights, and what is dropped in training.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(0)
    >>> network = Network(MlpConfig(fusion="metanet"), 64, 20, n_scores=3, generator=generator)
    >>> network(torch.zeros(5, 64), torch.zeros(5, 20)).shape
    torch.Size([5, 3])
    """

    def __init__(
        self, config: MlpConfig, n_image: int, n_metadata: int, *, n_scores: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.config = config
        self.generator = generator
        self.engine = TorchEngine(network_layers(config, n_image, n_metadata, n_scores), generator)

    def forward(self, image: Tensor, metadata: Tensor) -> Tensor:
        """Return scores of shape (n_cases, n_scores).

        Parameters
        ----------
        image : Tensor of shape (n_cases, n_image)
        metadata : Tensor of shape (n_cases, n_metadata)
        """
        return network_scores(self.engine, self.config, image, metadata)

    def arrays(self) -> dict[str, Float32Array]:
        """Return the state for `automl_skin.heads.neural.forward`."""
        return self.engine.arrays()
