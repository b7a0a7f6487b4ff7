"""timm's hub layout on disk: a folder with ``config.json`` and ``model.safetensors``.

A hospital without network access brings weights in this form, and a bundle keeps them in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl_skin.digests import Json
from automl_skin.errors import BackboneError, IntegrityError
from automl_skin.files import read_json

CONFIG = "config.json"
WEIGHTS = "model.safetensors"

# Arguments of timm's builder that load other files or code paths; an architecture has no need of them.
_REFUSED_ARGUMENTS = frozenset(
    {
        "checkpoint_path",
        "pretrained",
        "pretrained_cfg",
        "pretrained_cfg_overlay",
        "cache_dir",
        "features_only",
    }
)


@dataclass(frozen=True)
class HubConfig:
    """What ``config.json`` says: timm's architecture, its arguments, facts about the weights, a spatial fusion."""

    architecture: str
    model_args: dict[str, Any]
    pretrained_cfg: dict[str, Any]
    spatial: dict[str, Any]


def folders_of(weights_dir: Path) -> dict[str, Path]:
    """Return the folders in hub layout of `weights_dir` by name.

    Raises
    ------
    BackboneError
        If `weights_dir` is no folder.
    """
    if not weights_dir.is_dir():
        message = "--weights-dir: expected a folder with one sub-folder per backbone"
        raise BackboneError(f"{message}, got {weights_dir} (not a folder)")
    return {path.name: path for path in sorted(weights_dir.iterdir()) if (path / CONFIG).is_file()}


def read_config(folder: Path) -> HubConfig:
    """Read and check ``config.json`` of a folder in hub layout.

    Raises
    ------
    BackboneError
        If a file is missing, or the configuration is not usable.
    """
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise BackboneError(f"{folder}: expected {CONFIG} and {WEIGHTS}; {name} is missing")
    try:
        config = read_json(folder / CONFIG)
    except IntegrityError as error:
        raise BackboneError(str(error)) from error
    if not isinstance(config, dict) or not isinstance(config.get("architecture"), str):
        message = "expected an object with timm's name of the network as architecture"
        raise BackboneError(f"{folder / CONFIG}: {message}")
    model_args = _mapping(config, "model_args", folder)
    refused = sorted(_REFUSED_ARGUMENTS.intersection(model_args))
    if refused:
        message = "expected no files or code paths in model_args"
        raise BackboneError(f"{folder / CONFIG}: {message}, got {', '.join(refused)}")
    facts, spatial = (_mapping(config, name, folder) for name in ("pretrained_cfg", "spatial"))
    return HubConfig(config["architecture"], model_args, facts, spatial)


def _mapping(config: Mapping[str, Json], field: str, folder: Path) -> dict[str, Any]:
    value = config.get(field) or {}
    if not isinstance(value, Mapping):
        raise BackboneError(f"{folder / CONFIG}: expected an object as {field}, got {value!r}")
    return dict(value)
