"""Batches through a network, in order.

On the CPU each thread computes whole batches with one core: no core waits for another within a layer, and decoding
fills the rest. On a GPU one thread feeds the device while the next batch is decoded.

Measured on two cores that other processes shared (mobilenetv2_100, 224 x 224, bfloat16): 26 images/s where a forward
pass that spreads each layer over both cores gives 5.
"""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from automl_skin.arrays import Float32Array
from automl_skin.backbones.device import Precision
from automl_skin.backbones.memory import MicroBatch
from automl_skin.backbones.network import embed
from automl_skin.images.loading import Batch
from automl_skin.images.recipe import Recipe
from automl_skin.workers.map_in_order import map_in_order


@dataclass(frozen=True)
class ForwardPass:
    """A network and how it is computed; see `embed`.

    Parameters
    ----------
    passes : MicroBatch
        From `begin_passes`.
    metadata : ndarray of shape (n_images, n_metadata), optional
        Encoded, by the positions of the batches; for a network that metadata enter.
    """

    network: nn.Module
    recipe: Recipe
    views: int
    device: torch.device
    precision: Precision
    passes: MicroBatch
    metadata: Float32Array | None = None

    def __call__(self, batch: Batch) -> Float32Array:
        """Return the embeddings (n, n_dimensions) of a batch."""
        return embed(
            self.network,
            batch.pixels,
            mean=self.recipe.mean,
            std=self.recipe.std,
            views=self.views,
            device=self.device,
            precision=self.precision,
            metadata=None if self.metadata is None else self.metadata[batch.positions],
            passes=self.passes,
        )

    def embed_batches(
        self, batches: Iterable[Batch], threads: int
    ) -> Generator[tuple[Batch, Float32Array], None, None]:
        """Embed batches in order, by `threads` threads of one core each on the CPU."""
        on_cpu = self.device.type == "cpu"
        workers, before = threads if on_cpu else 1, torch.get_num_threads()
        begin = partial(torch.set_num_threads, 1 if on_cpu else before)
        try:
            yield from map_in_order(
                lambda batch: (batch, self(batch)), batches, workers, ahead=workers + 1, begin=begin
            )
        finally:
            torch.set_num_threads(before)  # threads started later would inherit the workers' number
