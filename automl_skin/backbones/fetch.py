"""timm's pretrained weights from the Hugging Face hub, or an error that says how to bring them."""

import os
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import timm
from huggingface_hub import constants, try_to_load_from_cache
from torch import nn

from automl_skin.errors import BackboneError

_PATIENCE_SECONDS = 5.0
_FILES = ("model.safetensors", "pytorch_model.bin")


def load_pretrained(name: str, **arguments: float) -> nn.Module:
    """Load a tagged timm model without its classifier, from the hub's cache or the network.

    Parameters
    ----------
    name : str
    **arguments
        Of the architecture, such as ``drop_path_rate``.

    Raises
    ------
    BackboneError
        If the weights are not in the cache and cannot be downloaded.
    """
    reason = None if _is_cached(name) else _why_unreachable()
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
    return bool(hub_id) and any(isinstance(try_to_load_from_cache(hub_id, file), str) for file in _FILES)


def _why_unreachable() -> str | None:
    """Ask the hub once and briefly: its own client tries for minutes before it gives up."""
    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    request = Request(constants.ENDPOINT, method="HEAD")  # noqa: S310 -- the hub's own address, HF_ENDPOINT
    try:
        urlopen(request, timeout=_PATIENCE_SECONDS).close()  # noqa: S310 -- as above
    except HTTPError:  # it answered
        return None
    except OSError as error:
        return f"{constants.ENDPOINT} does not answer: {error}"
    return None


def _cannot_download(name: str, reason: str) -> BackboneError:
    first_line = reason.strip().splitlines()[0] if reason.strip() else "no reason given"
    return BackboneError(
        f"the weights of {name} could not be downloaded ({first_line}). On a machine with network run "
        f"`hf download timm/{name} config.json model.safetensors --local-dir weights{os.sep}{name}`, "
        f"bring that folder here and give `--weights-dir weights`; or choose random weights"
    )
