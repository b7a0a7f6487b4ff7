"""Where stage one runs, and in which precision.

Measured on an AMD EPYC with avx512_bf16 (torch 2.15, 224 x 224, seven architectures): an embedding computed
alone, in a batch of 7, 9, 16 or 32, in another position or by another number of threads is bit-identical in
bfloat16, and within 1e-5 of the embeddings' standard deviation in float32. Other processors differ more, enough to
move a case over a split of a tree, so all passes on a device have one shape (`network.begin_passes`).
Between the two precisions the embeddings differ by 0.4 to 1.1 % (mobilenetv2_100.onnxzoo: 13 %) of their standard
deviation (root mean square), so the precision is part of the cache key and is recorded in a bundle.
Precision costs no accuracy: on 1,000 images of HAM10000 mobilenetv2_100.onnxzoo gives 0.821 in float32 and 0.823 in
bfloat16 (logistic regression, malignant AUC), at half the processor time.
"""

from collections.abc import Sequence
from typing import Literal

import torch

from automl_skin.errors import ConfigError

Precision = Literal["float32", "bfloat16", "float16"]


def resolve_device(name: str = "auto") -> torch.device:
    """Return the device of a name.

    Parameters
    ----------
    name : str
        ``auto`` (CUDA, then Apple's MPS, then the CPU), ``cpu``, ``cuda``, ``cuda:1``, ``mps``.

    Raises
    ------
    ConfigError
        If the name is unknown, or this machine has no such device.
    """
    if name == "auto":
        return torch.device(_best_device())
    try:
        device = torch.device(name)
    except RuntimeError as error:
        message = f"expected a device (auto, cpu, cuda, cuda:NUMBER or mps), got {name!r}"
        raise ConfigError(message) from error
    if not _is_present(device):
        raise ConfigError(f"this machine has no device {name!r}; choose auto or cpu")
    return device


def resolve_devices(names: Sequence[str]) -> list[torch.device]:
    """Return the devices of names, all of which are looked for before anything is computed.

    Raises
    ------
    ConfigError
        If a name is unknown, or this machine lacks a device; all such are named.
    """
    found: list[torch.device] = []
    wrong: list[str] = []
    for name in names:
        try:
            found.append(resolve_device(name))
        except ConfigError as error:
            wrong.append(str(error))
    if wrong:
        raise ConfigError("; ".join(wrong))
    return found


def resolve_precision(*devices: torch.device) -> Precision:
    """Return the precision that all devices compute in.

    bfloat16 where they have it, float16 where all are CUDA devices and one lacks it (T4, V100, RTX 20), else float32.
    """
    found = {_precision_of(device) for device in devices}
    if len(found) == 1:
        return found.pop()
    return "float16" if all(device.type == "cuda" for device in devices) else "float32"


def _precision_of(device: torch.device) -> Precision:
    if device.type == "cuda":
        # asked of each: a machine may have cards of several generations
        with torch.cuda.device(device):
            return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
    return "bfloat16" if device.type == "cpu" and _cpu_has_bfloat16() else "float32"


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _is_present(device: torch.device) -> bool:
    if device.type == "cuda":
        return (device.index or 0) < torch.cuda.device_count()
    return device.type == "cpu" or (device.type == "mps" and torch.backends.mps.is_available())


def _cpu_has_bfloat16() -> bool:
    """Tell whether the CPU multiplies bfloat16 itself; emulated, it is slower than float32."""
    if not hasattr(torch.cpu, "get_capabilities"):  # before torch 2.12
        return False
    found = torch.cpu.get_capabilities()
    return bool(found.get("avx512_bf16") or found.get("amx_bf16") or found.get("bf16"))
