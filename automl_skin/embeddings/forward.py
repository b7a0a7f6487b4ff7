"""Batches through a network, in order.

On the CPU whole batches are spread over threads that compute with one core each: no core waits for another
within a layer, and decoding fills what is left. On a GPU one thread feeds the device while the next batch
is decoded.

Measured on two cores that other processes shared (mobilenetv2_100, 224 x 224, bfloat16): 26 images/s where a forward
pass that spreads each layer over both cores gives 5.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import torch
from torch import nn

from automl_skin.arrays import Float32Array
from automl_skin.backbones.device import Precision
from automl_skin.backbones.network import embed
from automl_skin.images.loading import Batch
from automl_skin.images.recipe import Recipe


@dataclass(frozen=True)
class Forward:
    """A network and how it is computed; see `embed`.

    Parameters
    ----------
    network : Module
    recipe : Recipe
    views : {1, 4, 8}
    device : device
    precision : {"float32", "bfloat16"}
    metadata : ndarray of shape (n_images, n_metadata), optional
        Encoded, by the positions of the batches; for a network that metadata enter.
    """

    network: nn.Module
    recipe: Recipe
    views: int
    device: torch.device
    precision: Precision
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
        )

    def over(
        self, batches: Iterable[Batch], threads: int
    ) -> Generator[tuple[Batch, Float32Array], None, None]:
        """Embed batches in order, by `threads` threads of one core each on the CPU."""
        n_workers = threads if self.device.type == "cpu" else 1
        before = torch.get_num_threads()
        cores = 1 if self.device.type == "cpu" else before
        pool = ThreadPoolExecutor(n_workers, "forward", initializer=torch.set_num_threads, initargs=(cores,))
        try:
            yield from _in_order(self, batches, pool, ahead=n_workers + 1)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            torch.set_num_threads(before)  # threads started later would inherit the workers' number


def _in_order(
    forward: Forward, batches: Iterable[Batch], pool: ThreadPoolExecutor, ahead: int
) -> Iterator[tuple[Batch, Float32Array]]:
    source = iter(batches)
    waiting: deque[tuple[Batch, Future[Float32Array]]] = deque()
    for batch in islice(source, ahead):
        waiting.append((batch, pool.submit(forward, batch)))
    while waiting:
        batch, future = waiting.popleft()
        result = future.result()
        for following in islice(source, 1):
            waiting.append((following, pool.submit(forward, following)))
        yield batch, result
