"""timm's pretrained weights from the Hugging Face hub, or an error that says how to bring them.

torchvision's weights (AlexNet) have an address of their own, and torch's cache instead of the hub's.
"""

import os
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import timm
import torch
from huggingface_hub import constants, try_to_load_from_cache
from torch import nn

from automl_skin.errors import BackboneError

_PATIENCE_SECONDS = 5.0
_FILES = ("model.safetensors", "pytorch_model.bin")


def load_pretrained(name: str, **arguments: Any) -> nn.Module:
    """Load a tagged timm model without its classifier, from the hub's cache or the network.

    Parameters
    ----------
    **arguments
        Of the architecture, such as ``drop_path_rate``.

    Raises
    ------
    BackboneError
        If the weights are not in the cache and cannot be downloaded.
    """
    reason = None if _is_cached(name) else _why_unreachable(name)
    if reason is not None:
        raise _cannot_download(name, reason)
    try:
        network: nn.Module = timm.create_model(name, pretrained=True, num_classes=0, **arguments)
    except OSError as error:  # the hub's errors are OSErrors: no such file, no connection, refused
        raise _cannot_download(name, str(error)) from error
    except RuntimeError as error:
        raise BackboneError(
            f"the pretrained weights of {name} do not fit timm {timm.__version__}: {error}"
        ) from error
    return network


def _is_cached(name: str) -> bool:
    hub_id = timm.get_pretrained_cfg(name).hf_hub_id
    if not hub_id:
        return _torch_file(name).is_file()
    return any(isinstance(try_to_load_from_cache(hub_id, file), str) for file in _FILES)


def _torch_file(name: str) -> Path:
    """Return where torch keeps weights that come from an address of their own."""
    return Path(torch.hub.get_dir()) / "checkpoints" / _address(name).rpartition("/")[2]


def _address(name: str) -> str:
    """Return the address of weights that are not on the hub; empty for others."""
    cfg = timm.get_pretrained_cfg(name)
    return "" if cfg.hf_hub_id else str(cfg.url or "")


def _why_unreachable(name: str) -> str | None:
    """Ask the server once and briefly: the hub's own client tries for minutes before it gives up."""
    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    server = _address(name) or constants.ENDPOINT
    request = Request(server, method="HEAD")  # noqa: S310 -- timm's addresses, or HF_ENDPOINT
    try:
        urlopen(request, timeout=_PATIENCE_SECONDS).close()  # noqa: S310 -- as above
    except HTTPError:  # it answered
        return None
    except OSError as error:
        return f"{server} does not answer: {error}"
    return None


def _cannot_download(name: str, reason: str) -> BackboneError:
    first_line = reason.strip().splitlines()[0] if reason.strip() else "no reason given"
    message = f"the weights of {name} could not be downloaded ({first_line})"
    if _address(name):
        return BackboneError(
            f"{message}. Download {_address(name)} on a machine with network and bring it here as "
            f"{_torch_file(name)}; or choose random weights"
        )
    return BackboneError(
        f"{message}. On a machine with network run "
        f"`hf download timm/{name} config.json model.safetensors --local-dir weights{os.sep}{name}`, "
        f"bring that folder here and give `--weights-dir weights`; or choose random weights"
    )
