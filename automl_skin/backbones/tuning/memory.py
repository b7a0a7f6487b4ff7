"""Steps that fit the memory: a batch goes through the network in pieces as small as needed.

The gradients of the pieces add up to those of the whole batch. Two things differ: batch normalisation that adapts sees
the statistics of a piece, and a repeated step has shown it some pieces twice.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

from automl_skin.errors import TuningError

_logger = logging.getLogger(__name__)
Result = TypeVar("Result")
_CPU_MESSAGES = ("not enough memory", "can't allocate memory", "cannot allocate memory")


class MicroBatch:
    """How many images go through the network at once.

    Parameters
    ----------
    size : int
        To begin with.
    """

    def __init__(self, size: int, min_size: int) -> None:
        self.size = size
        self.min_size = min_size

    def run(self, work: Callable[[int], Result]) -> Result:
        """Return ``work(size)``; halve the size as long as the memory is short.

        Raises
        ------
        TuningError
            If the memory is short with the smallest size as well.
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
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if self.size // 2 < self.min_size:
            raise _does_not_fit(f"with {self.size} images at once", reason)
        self.size //= 2
        _logger.warning(
            "out of memory: batches now go through the network in pieces of %d images, their gradients add up"
            " to the same step; batch normalisation sees the smaller pieces",
            self.size,
        )


@contextmanager
def explain_out_of_memory() -> Iterator[None]:
    """Turn what no smaller piece helps against (weights, the optimiser's state) into a `TuningError`."""
    try:
        yield
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise _does_not_fit("with its optimiser", str(error).partition("\n")[0]) from error


def _does_not_fit(how: str, reason: str) -> TuningError:
    message = f"the network does not fit the memory {how} ({reason})"
    return TuningError(f"{message}; choose smaller images, a smaller backbone or a larger device")


def is_out_of_memory(error: RuntimeError) -> bool:
    """Tell whether torch ran out of memory, on a device or on the CPU."""
    on_cpu = any(message in str(error).lower() for message in _CPU_MESSAGES)
    return isinstance(error, torch.OutOfMemoryError) or on_cpu
