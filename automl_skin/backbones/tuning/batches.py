"""Batches: the order of the rows, and how they are read while the device works.

One background thread reads and draws no random number; order and everything random belong to the main thread.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from automl_skin.arrays import IntArray
from automl_skin.backbones.tuning.data import TuningData
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.seeding import generator
from automl_skin.workers.map_in_order import map_in_order


@dataclass(frozen=True, eq=False)
class TuningBatch:
    """Rows on the CPU: pixels uint8 (n, height, width, 3), labels (n,), metadata (n, n_metadata) or None.

    With towers the pixels are (n, n_roles, height, width, 3), and `present` (n, n_roles) says which there are.
    """

    pixels: Tensor
    labels: Tensor
    metadata: Tensor | None
    present: Tensor | None = None

    def to(self, device: torch.device) -> "TuningBatch":
        """Return the batch on another device, without waiting for pinned memory."""
        return self._each(lambda part: part.to(device, non_blocking=True))

    def pin_memory(self) -> "TuningBatch":
        """Return the batch in pinned memory."""
        return self._each(lambda part: part.pin_memory())

    def _each(self, change: Callable[[Tensor], Tensor]) -> "TuningBatch":
        parts = (self.metadata, self.present)
        metadata, present = (None if part is None else change(part) for part in parts)
        return TuningBatch(change(self.pixels), change(self.labels), metadata, present)


def order_of_epoch(recipe: TuningRecipe, data: TuningData, seed: int, epoch: int) -> IntArray:
    """Return the positions that an epoch trains on, in order."""
    drawn, trained = generator(seed, "tune", "order", epoch), data.trained
    if recipe.sampling == "natural":
        return drawn.permutation(trained)
    labels = data.labels[trained]
    chances = 1.0 / np.bincount(labels, minlength=data.n_classes)[labels]
    return drawn.choice(trained, len(trained), p=chances / chances.sum())


def split_evenly(n: int, max_size: int, min_size: int = 1) -> int:
    """Return the number of nearly equal pieces of n items that are at most `max_size`, and never under `min_size`.

    Examples
    --------
    >>> split_evenly(33, 32), split_evenly(3, 2, min_size=2), split_evenly(1, 32, min_size=2)
    (2, 1, 1)
    """
    return max(1, min(math.ceil(n / max_size), n // min_size))


def read_batches(
    data: TuningData, parts: Sequence[IntArray], *, metadata: bool, pinned: bool
) -> Iterator[TuningBatch]:
    """Yield the batches of some positions, the next one being read in the background."""

    def read(positions: IntArray) -> TuningBatch:
        batch = _read(data, positions, metadata=metadata)
        return batch.pin_memory() if pinned else batch

    yield from map_in_order(read, parts, threads=1, ahead=1)


def _read(data: TuningData, positions: IntArray, *, metadata: bool) -> TuningBatch:
    columns = None
    if metadata and data.metadata is not None:
        columns = torch.from_numpy(data.metadata[positions].astype(np.float32))
    pixels = torch.from_numpy(np.asarray(data.pixels[positions]))
    labels = torch.from_numpy(data.labels[positions].astype(np.int64))
    present = None if data.present is None else torch.from_numpy(data.present[positions])
    return TuningBatch(pixels, labels, columns, present)
