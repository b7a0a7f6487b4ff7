"""The network of the neural head, in torch, for training."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from automl_skin.heads.neural.config import MlpConfig
from automl_skin.heads.neural.dense import dense
from automl_skin.heads.neural.metanet import MetanetGate


class Network(nn.Module):
    """Fusion, hidden layers, scores. Without any normalisation over the batch.

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
        gated = config.fusion == "metanet"
        self.gate = _gate(config, n_image, n_metadata, generator) if gated else None
        sizes = [n_image if gated else n_image + n_metadata, *[config.width] * config.layers]
        self.hidden = nn.ModuleList(dense(n_in, n_out, generator) for n_in, n_out in pairwise(sizes))
        self.last = dense(sizes[-1], n_scores, generator)

    def forward(self, image: Tensor, metadata: Tensor) -> Tensor:
        """Return scores of shape (n_cases, n_scores).

        Parameters
        ----------
        image : Tensor of shape (n_cases, n_image)
        metadata : Tensor of shape (n_cases, n_metadata)
        """
        activate = functional.relu if self.config.activation == "relu" else functional.gelu
        values = self.gate(image, metadata) if self.gate else torch.cat([image, metadata], dim=1)
        for layer in self.hidden:
            values = self._drop(activate(layer(values)))
        scores: Tensor = self.last(values)
        return scores

    def _drop(self, values: Tensor) -> Tensor:
        if not self.training or self.config.dropout == 0.0:
            return values
        kept = torch.rand(values.shape, generator=self.generator) >= self.config.dropout
        return values * kept / (1.0 - self.config.dropout)


def _gate(config: MlpConfig, n_image: int, n_metadata: int, generator: torch.Generator) -> MetanetGate:
    return MetanetGate(
        n_metadata,
        n_image,
        n_layers=config.metanet_layers,
        width=config.metanet_width,
        generator=generator,
    )
