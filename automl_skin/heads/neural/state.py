"""The state of a torch module as arrays: how neural heads are saved, loaded and applied."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from automl_skin.arrays import Float32Array
from automl_skin.heads.stored import Facts

Module = TypeVar("Module", bound=nn.Module)

THREADS = 1
"""Threads of a prediction. One everywhere, so that sums have the same order in every process."""


def module_arrays(module: nn.Module) -> dict[str, Float32Array]:
    """Return copies of all floating-point parameters and buffers, on the CPU.

    Counters, such as the batches that a normalisation has seen, are left out.

    Examples
    --------
    >>> {name: array.shape for name, array in module_arrays(nn.Linear(3, 2)).items()}
    {'weight': (2, 3), 'bias': (2,)}
    """
    return {name: np.array(tensor.detach().float().cpu().numpy()) for name, tensor in _floats(module).items()}


def array_facts(build: Callable[[], nn.Module]) -> dict[str, Facts]:
    """Return the type and shape of each array that a module needs, without memory for it."""
    with torch.device("meta"):
        module = build()
    return {name: (np.float32, tuple(tensor.shape)) for name, tensor in _floats(module).items()}


def load_module(build: Callable[[], Module], arrays: Mapping[str, Float32Array]) -> Module:
    """Return the module of `build` with the state `arrays`, in evaluation mode and float64.

    Parameters
    ----------
    build : callable
        ``build()``: a module whose initial weights do not matter.
    arrays : mapping of str to ndarray
        As `array_facts` describes them.
    """
    with torch.device("meta"):
        module = build()
    state = {name: torch.from_numpy(array.astype(np.float64)) for name, array in arrays.items()}
    module.load_state_dict(state, strict=False, assign=True)  # counters are left out
    return module.eval()


@contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """Compute with so many threads inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _floats(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in module.state_dict().items() if tensor.is_floating_point()}
