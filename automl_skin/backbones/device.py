"""Where stage one runs, and in which precision."""

from typing import Literal

import torch

Precision = Literal["float32", "bfloat16"]


def resolve_device(name: str = "auto") -> torch.device:
    """Return the device of a name: ``auto`` (CUDA, then MPS, then CPU), ``cpu``, ``cuda``, ``cuda:1``, ``mps``."""
    raise NotImplementedError


def resolve_precision(device: torch.device) -> Precision:
    """Return the precision to compute in on a device."""
    raise NotImplementedError
