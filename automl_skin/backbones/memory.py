"""Passes that fit the memory: images go through a network in pieces as small as needed.

While a network learns, the gradients of the pieces add up to those of the whole batch. Two things differ: batch
normalisation that adapts sees the statistics of a piece, and a repeated step has shown it some pieces twice.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

from automl_skin.errors import BackboneError, TuningError

_logger = logging.getLogger(__name__)
Result = TypeVar("Result")
_MESSAGES = (
    "out of memory",  # CUDA, ROCm and MPS, whichever class of error carries it
    "cublas_status_alloc_failed",
    "cublas_status_not_initialized",  # its workspace is allocated by the first call
    "cudnn_status_alloc_failed",
    "cusolver_status_alloc_failed",
    "unable to find an engine",  # cuDNN, when no convolution's workspace fits
    "unable to find a valid cudnn algorithm",
    "not enough memory",  # the CPU's allocators
    "can't allocate memory",
    "cannot allocate memory",
)
_LEARNING = (
    "batches now go through the network in pieces of {} images, their gradients add up to the same step; "
    "batch normalisation sees the smaller pieces"
)
_ANSWERING = "{} images now go through the network at once; embeddings may differ in their last digits"


class MicroBatch:
    """How many images go through the network at once.

    Parameters
    ----------
    size : int
        To begin with.
    min_size : int
    learns : bool
        Whether the network is tuned, or answers.
    """

    def __init__(self, size: int, min_size: int = 1, *, learns: bool = True) -> None:
        self.size = size
        self.min_size = min_size
        self._learns = learns

    def run(self, work: Callable[[int], Result]) -> Result:
        """Return ``work(size)``; halve the size as long as the memory is short.

        Raises
        ------
        TuningError, BackboneError
            If the memory is short with the smallest size as well, of a network that learns or answers.
        """
        while True:
            try:
                return work(self.size)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                reason = str(error).partition("\n")[0]
            self._halve(reason)  # outside the handler, whose traceback keeps the step's tensors alive

    def _halve(self, reason: str) -> None:
        release_cached_memory()
        if self.size // 2 < self.min_size:
            how = _does_not_fit(f"with {self.size} images at once", reason)
            raise TuningError(how) if self._learns else BackboneError(how)
        self.size //= 2
        _logger.warning("out of memory: %s", (_LEARNING if self._learns else _ANSWERING).format(self.size))


@contextmanager
def explain_out_of_memory() -> Iterator[None]:
    """Turn what no smaller piece helps against (weights, the optimiser's state) into a `TuningError`."""
    try:
        yield
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise TuningError(_does_not_fit("with its optimiser", str(error).partition("\n")[0])) from error


def _does_not_fit(how: str, reason: str) -> str:
    message = f"the network does not fit the memory {how} ({reason})"
    return f"{message}; choose smaller images, a smaller backbone or a larger device"


def is_out_of_memory(error: RuntimeError) -> bool:
    """Tell whether torch ran out of memory, on a device or on the CPU, whatever library says so."""
    text = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or any(message in text for message in _MESSAGES)


def release_cached_memory() -> None:
    """Give memory that torch's allocator keeps for later back to the device, for this or another process."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
