"""Batches: the order of the rows, and how they are read while the device works.

One background thread reads and draws no random number; order and everything random belong to the main thread.
"""

import math
from collections.abc import Iterator, Sequence
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
    """Rows on the CPU: pixels uint8 (n, height, width, 3), labels (n,), metadata (n, n_metadata) or None."""

    pixels: Tensor
    labels: Tensor
    metadata: Tensor | None

    def to(self, device: torch.device) -> "TuningBatch":
        """Return the batch on another device, without waiting for pinned memory."""
        metadata = None if self.metadata is None else self.metadata.to(device, non_blocking=True)
        pixels, labels = (part.to(device, non_blocking=True) for part in (self.pixels, self.labels))
        return TuningBatch(pixels, labels, metadata)


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
        return _pinned(batch) if pinned else batch

    yield from map_in_order(read, parts, threads=1, ahead=1)


def _read(data: TuningData, positions: IntArray, *, metadata: bool) -> TuningBatch:
    columns = None
    if metadata and data.metadata is not None:
        columns = torch.from_numpy(data.metadata[positions].astype(np.float32))
    pixels = torch.from_numpy(np.asarray(data.pixels[positions]))
    return TuningBatch(pixels, torch.from_numpy(data.labels[positions].astype(np.int64)), columns)


def _pinned(batch: TuningBatch) -> TuningBatch:
    metadata = None if batch.metadata is None else batch.metadata.pin_memory()
    return TuningBatch(batch.pixels.pin_memory(), batch.labels.pin_memory(), metadata)
