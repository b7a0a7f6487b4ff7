"""Batches: in which order rows come, and how they are read while the device works.

Reading happens in one background thread that draws no random number; order and everything random belong to
the main thread.
"""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from automl_skin.arrays import IntArray
from automl_skin.backbones.tuning.data import TuningData
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.seeding import generator


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows on the CPU: pixels uint8 (n, height, width, 3), labels (n,), metadata (n, n_metadata) or None."""

    pixels: Tensor
    labels: Tensor
    metadata: Tensor | None

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on another device, without waiting for pinned memory."""
        metadata = None if self.metadata is None else self.metadata.to(device, non_blocking=True)
        pixels, labels = (part.to(device, non_blocking=True) for part in (self.pixels, self.labels))
        return Batch(pixels, labels, metadata)


def order_of_epoch(recipe: TuningRecipe, data: TuningData, seed: int, epoch: int) -> IntArray:
    """Return the positions that an epoch trains on, in their order."""
    drawn, trained = generator(seed, "tune", "order", epoch), data.trained
    if recipe.sampling == "natural":
        return drawn.permutation(trained)
    labels = data.labels[trained]
    chances = 1.0 / np.bincount(labels, minlength=data.n_classes)[labels]
    return drawn.choice(trained, len(trained), p=chances / chances.sum())


def split_evenly(n: int, most: int, fewest: int = 1) -> int:
    """Return into how many nearly equal pieces n things go, `most` in each, and never under `fewest`.

    Examples
    --------
    >>> split_evenly(33, 32), split_evenly(3, 2, fewest=2), split_evenly(1, 32, fewest=2)
    (2, 1, 1)
    """
    return max(1, min(math.ceil(n / most), n // fewest))


def read_batches(
    data: TuningData, parts: Sequence[IntArray], *, metadata: bool, pinned: bool
) -> Iterator[Batch]:
    """Yield the batches of some positions, the next one being read in the background."""

    def read(positions: IntArray) -> Batch:
        batch = _read(data, positions, metadata=metadata)
        return _pinned(batch) if pinned else batch

    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(read, parts[0])
        for positions in parts[1:]:
            ready, coming = coming, reader.submit(read, positions)
            yield ready.result()
        yield coming.result()


def _read(data: TuningData, positions: IntArray, *, metadata: bool) -> Batch:
    columns = None
    if metadata and data.metadata is not None:
        columns = torch.from_numpy(data.metadata[positions].astype(np.float32))
    pixels = torch.from_numpy(np.asarray(data.pixels[positions]))
    return Batch(pixels, torch.from_numpy(data.labels[positions].astype(np.int64)), columns)


def _pinned(batch: Batch) -> Batch:
    metadata = None if batch.metadata is None else batch.metadata.pin_memory()
    return Batch(batch.pixels.pin_memory(), batch.labels.pin_memory(), metadata)
