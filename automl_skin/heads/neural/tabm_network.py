"""TabM's network (Gorishniy et al. 2025): k members in one, which share all weights but their scales and biases.

Symbols
-------
k : members
"""

import math

import tabm
import torch
from torch import Tensor, nn

from automl_skin.heads.neural.config import TabmConfig
from automl_skin.heads.neural.engine import drawing_from, drop_values

ROWS_AT_ONCE = 256
"""Cases that are answered together, which bounds the memory: each of the k members has its own values."""


class TabmNetwork(nn.Module):
    """The backbone and the scores of the package ``tabm``, on image and metadata side by side.

    Parameters
    ----------
    config : TabmConfig
    n_image, n_metadata : int
        Columns of the image and of the metadata.
    n_scores : int
        Classes that are present.
    generator : torch.Generator, optional
        Draws initial weights, and what is dropped in training; see `automl_skin.heads.neural.engine.Engine`.

    Examples
    --------
    >>> network = TabmNetwork(TabmConfig(k=4, width=8), 6, 2, 3, torch.Generator().manual_seed(0))
    >>> image, metadata = torch.zeros(5, 6), torch.zeros(5, 2)
    >>> network(image, metadata).shape, network.eval()(image, metadata).shape
    (torch.Size([5, 4, 3]), torch.Size([5, 3]))
    """

    def __init__(
        self,
        config: TabmConfig,
        n_image: int,
        n_metadata: int,
        n_scores: int,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.k, self.dropout, self.generator = config.k, config.dropout, generator
        with drawing_from(generator):
            self.backbone = tabm.MLPBackboneBatchEnsemble(
                d_in=n_image + n_metadata,
                n_blocks=config.layers,
                d_block=config.width,
                dropout=0.0,  # torch's draws from the global generator: see `_members`
                k=config.k,
                tabm_init=True,
                # the package's choice, also behind embeddings, whose vectors have signs of their own
                scaling_init="random-signs",
                start_scaling_init_chunks=None,
            )
            self.output = tabm.LinearEnsemble(config.width, n_scores, k=config.k)

    def forward(self, image: Tensor, metadata: Tensor) -> Tensor:
        """Return the scores of each member in training, shape (n_cases, k, n_scores).

        In prediction the logarithms of the mean of their probabilities, shape (n_cases, n_scores), whose softmax is
        that mean.
        """
        values = torch.cat([image, metadata], dim=1)
        if self.training:
            return self._members(values)
        return torch.cat([self._mean(part) for part in torch.split(values, ROWS_AT_ONCE)])

    def _mean(self, values: Tensor) -> Tensor:
        logs = torch.log_softmax(self._members(values), dim=2)
        return torch.logsumexp(logs, dim=1) - math.log(self.k)

    def _members(self, values: Tensor) -> Tensor:
        values = tabm.ensemble_view(values, self.k, self.training)
        for block in self.backbone.blocks:
            values = block(values)
            if self.training and self.dropout > 0.0:
                assert self.generator is not None
                values = drop_values(values, self.dropout, self.generator)
        scores: Tensor = self.output(values)
        return scores
