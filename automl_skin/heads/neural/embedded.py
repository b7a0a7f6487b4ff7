"""Numbers as vectors before a network sees them (Gorishniy et al. 2022), by the modules of rtdl_num_embeddings."""

import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

from automl_skin.heads.neural.config import TrainingConfig
from automl_skin.heads.neural.engine import drawing_from
from automl_skin.heads.neural.numbers import Numbers

N_FREQUENCIES = 16
"""Of a periodic embedding; the least of what rtdl_num_embeddings recommends, since our numbers are few."""


class Embedded(nn.Module):
    """A network behind embeddings of the numbers among its metadata.

    Parameters
    ----------
    config : TrainingConfig
    numbers : Numbers
    n_metadata : int
        Columns of the metadata, numbers included.
    build : callable
        ``build(n_metadata)``: the network for as many columns of metadata; those of the numbers come last.
    generator : torch.Generator, optional
        See `automl_skin.heads.neural.engine.Engine`.

    Examples
    --------
    >>> config = TrainingConfig(numeric_embedding="piecewise", numeric_width=8)
    >>> numbers = Numbers((1,), ((0.0, 1.0, 2.0),))
    >>> generator = torch.Generator().manual_seed(0)
    >>> module = Embedded(config, numbers, 3, lambda n_metadata: nn.Bilinear(4, n_metadata, 2), generator)
    >>> module(torch.zeros(5, 4), torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """

    def __init__(
        self,
        config: TrainingConfig,
        numbers: Numbers,
        n_metadata: int,
        build: Callable[[int], nn.Module],
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.numbers = list(numbers.columns)
        self.others = [each for each in range(n_metadata) if each not in set(numbers.columns)]
        with drawing_from(generator):
            self.embedding = _embedding(config, numbers)
        self.network = build(numbers.count_columns(n_metadata, config.numeric_width))

    def forward(self, image: Tensor, metadata: Tensor) -> Tensor:
        """Return the network's scores from (n_cases, n_image) and (n_cases, n_metadata)."""
        vectors = self.embedding(metadata[:, self.numbers]).flatten(1)
        scores: Tensor = self.network(image, torch.cat([metadata[:, self.others], vectors], dim=1))
        return scores


def _embedding(config: TrainingConfig, numbers: Numbers) -> nn.Module:
    """Return the embeddings, shape (n_cases, n_numbers) to (n_cases, n_numbers, width)."""
    import rtdl_num_embeddings as rtdl

    # its bins are looked at while they are built, which a device without memory cannot do
    with torch.device("cpu"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The .* feature has just two bin edges")
        if config.numeric_embedding == "periodic":
            periodic: nn.Module = rtdl.PeriodicEmbeddings(
                len(numbers.columns),
                config.numeric_width,
                n_frequencies=N_FREQUENCIES,
                frequency_init_scale=config.frequency_scale,
                lite=True,
            )
            return periodic
        edges = [torch.tensor(each, dtype=torch.float32) for each in numbers.edges]
        piecewise: nn.Module = rtdl.PiecewiseLinearEmbeddings(
            edges, config.numeric_width, activation=False, version="B"
        )
        return piecewise
