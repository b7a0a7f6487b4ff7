"""Where stage one runs, and in which precision.

Measured on an AMD EPYC with avx512_bf16 (torch 2.15, 224 x 224, seven architectures): an embedding computed
alone, in a batch of 7, 9, 16 or 32, in another position or by another number of threads is bit-identical in
bfloat16, and within 1e-5 of the embeddings' standard deviation in float32. Other processors differ more, enough to
move a case over a split of a tree, so all passes on a device have one shape (`network.images_per_pass`).
Between the two precisions the embeddings differ by 0.4 to 1.1 % (mobilenetv2_100.onnxzoo: 13 %) of their standard
deviation (root mean square), so the precision is part of the cache key and is recorded in a bundle.
Precision costs no accuracy: on 1,000 images of HAM10000 mobilenetv2_100.onnxzoo gives 0.821 in float32 and 0.823 in
bfloat16 (logistic regression, malignant AUC), at half the processor time.
"""

from typing import Literal

import torch

from automl_skin.errors import ConfigError

Precision = Literal["float32", "bfloat16"]


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


def resolve_precision(device: torch.device) -> Precision:
    """Return the precision to compute in: bfloat16 where the processor has it, float32 elsewhere."""
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
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
