"""Backbones by name: a weights folder, a timm name, or a timm architecture with random weights.

Mean, std, input size and licence belong to the tagged name (``resnet18.a1_in1k``), so the tag is always
recorded.
"""

import json
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

import timm
import torch

from automl_skin.backbones import hub
from automl_skin.errors import BackboneError

for _networks in entry_points(group="automl_skin.networks"):
    _networks.load()  # packages that register networks with timm, among them those of our papers

Weights = Literal["folder", "timm", "random"]


@dataclass(frozen=True)
class Backbone:
    """A network, where its weights come from and what input they expect.

    Parameters
    ----------
    name : str
        What the user sees: ``mobilenetv2_100.onnxzoo``, ``resnet18.a1_in1k``, ``resnet18.random``.
    architecture, tag : str
        timm's name of the network and of its weights.
    folder : Path or None
        In hub layout, for ``weights="folder"``.
    seed : int
        For ``weights="random"``.
    licence : str
        Licence of the weights, ``"unknown"`` where it is not recorded.
    height, width : int
        Input size in pixels that the weights were made for.
    mean, std : tuple of float
        Normalisation of the red, green and blue channels in [0, 1].
    interpolation : str
        How images are resized for these weights: bilinear, bicubic ...
    model_args : str
        JSON object of further arguments of the architecture (``{"pad_type": "same"}``).
    fixed_size : bool
        Whether the network, once built, takes inputs of `height` x `width` only (see `at_size`).
    spatial : str
        How metadata enter the network, a JSON object: ``fusion``, ``n_metadata`` and ``settings`` as `add_metadata`
        takes them, and the ``encoder`` of the metadata; empty where the network sees images alone.
    """

    name: str
    architecture: str
    tag: str
    weights: Weights
    folder: Path | None
    seed: int
    licence: str
    height: int
    width: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str
    model_args: str = "{}"
    fixed_size: bool = False
    spatial: str = ""


def resolve_backbone(
    name: str,
    weights_dir: Path | None = None,
    weights: Literal["pretrained", "random"] = "pretrained",
    seed: int = 0,
) -> Backbone:
    """Find a backbone by name, without loading or fetching its weights.

    Parameters
    ----------
    name : str
        A folder of `weights_dir`, its architecture alone where one folder has it, a tagged timm name, or a
        plain timm name (its default tag), tried in this order. ``ARCHITECTURE.random`` always has random
        weights.
    weights_dir : Path, optional
        Holds one folder in hub layout (``config.json``, ``model.safetensors``) for each backbone.
    weights : {"pretrained", "random"}
        Random weights take the size, mean and std of the timm name.
    seed : int
        Of random weights.

    Raises
    ------
    BackboneError
        If the name is unknown or ambiguous; the message lists the choices.
    """
    folders = hub.folders_of(weights_dir) if weights_dir is not None else {}
    if weights == "random" or name.endswith(".random"):
        return _random_backbone(name.removesuffix(".random"), seed)
    if name in folders:
        return backbone_from_folder(folders[name])
    alike = [folder for folder in sorted(folders) if folder.partition(".")[0] == name]
    if len(alike) > 1:
        raise BackboneError(
            f"backbone {name!r} is ambiguous: {weights_dir} has {', '.join(alike)}; name one of them"
        )
    if alike:
        return backbone_from_folder(folders[alike[0]])
    return _timm_backbone(name, sorted(folders))


def backbone_from_folder(folder: Path, name: str | None = None) -> Backbone:
    """Return the backbone of one folder in hub layout, called like the folder unless `name` is given.

    Raises
    ------
    BackboneError
        If the folder has no ``model.safetensors`` or no usable ``config.json``.
    """
    config = hub.read_config(folder)
    if not timm.is_model(config.architecture):
        message = f"{folder / hub.CONFIG}: expected an architecture of timm {timm.__version__}"
        raise BackboneError(f"{message}, got {config.architecture!r}{_suggestion(config.architecture, [])}")
    usual = timm.get_pretrained_cfg(config.architecture)
    size = {"input_size": usual.input_size} if usual else {}
    facts = _facts({**size, **config.pretrained_cfg}, config.model_args)
    tag = str(config.pretrained_cfg.get("tag") or "")
    if config.spatial:
        facts["spatial"] = json.dumps(config.spatial, sort_keys=True)
    return Backbone(name or folder.name, config.architecture, tag, "folder", folder.absolute(), 0, **facts)


def at_size(backbone: Backbone, height: int, width: int) -> Backbone:
    """Return a backbone that takes inputs of some size.

    Most networks take any size. Those of one size only (CoAtNet, vision transformers) are built for the wanted size,
    and timm interpolates their position embeddings. The network itself is asked which kind it is, since the
    ``config.json`` of a folder that a person made need not say so.

    Parameters
    ----------
    height, width : int
        In pixels.

    Raises
    ------
    BackboneError
        If the network cannot be built for this size.
    """
    facts_are_timms = backbone.weights != "folder" or backbone.fixed_size
    if facts_are_timms and (height, width) == (backbone.height, backbone.width):
        return backbone
    if not backbone.fixed_size and not _why_it_cannot_take(
        backbone.architecture, backbone.model_args, height, width
    ):
        return backbone
    built = json.dumps({**json.loads(backbone.model_args), "img_size": [height, width]}, sort_keys=True)
    why = _why_it_cannot_take(backbone.architecture, built, height, width)
    if why:
        raise BackboneError(
            f"{backbone.name} cannot be built for images of {height} x {width} pixels ({why}); choose a multiple of "
            f"32, or leave the size out for {backbone.height} x {backbone.width}"
        )
    return replace(backbone, height=height, width=width, model_args=built, fixed_size=True)


@lru_cache(maxsize=256)
def _why_it_cannot_take(architecture: str, model_args: str, height: int, width: int) -> str:
    """Return why an architecture cannot take a size; empty where it can."""
    try:
        with torch.device("meta"):  # shapes without values: fast
            network = timm.create_model(
                architecture, pretrained=False, num_classes=0, **json.loads(model_args)
            )
            network.eval()(torch.zeros(1, 3, height, width))
    except (TypeError, AssertionError, RuntimeError, ValueError) as error:
        return str(error) or type(error).__name__
    return ""


def _timm_backbone(name: str, folders: list[str]) -> Backbone:
    architecture = name.partition(".")[0]
    is_known = timm.is_model(architecture)
    tagged = timm.list_pretrained(f"{architecture}.*") if is_known else []
    if is_known and not tagged:
        raise BackboneError(f"timm has no pretrained weights for {name!r}; choose another or random weights")
    if not is_known or ("." in name and name not in tagged):
        message = f"unknown backbone {name!r}{_suggestion(name, [*folders, *tagged])}"
        raise BackboneError(
            f"{message}; name a timm model or a folder of --weights-dir (found: {', '.join(folders) or 'none'})"
        )
    cfg = timm.get_pretrained_cfg(name)
    full_name = f"{architecture}.{cfg.tag}" if cfg.tag else architecture
    return Backbone(full_name, architecture, cfg.tag or "", "timm", None, 0, **_facts(cfg.to_dict(), {}))


def _random_backbone(name: str, seed: int) -> Backbone:
    architecture = name.partition(".")[0]
    if not timm.is_model(architecture):
        raise BackboneError(
            f"random weights: expected an architecture of timm, got {name!r}{_suggestion(name, [])}"
        )
    tagged = timm.list_pretrained(f"{architecture}.*")
    cfg = timm.get_pretrained_cfg(name if name in tagged else architecture)
    facts = {**_facts(cfg.to_dict() if cfg else {}, {}), "licence": "none: random weights"}
    return Backbone(f"{architecture}.random", architecture, "random", "random", None, seed, **facts)


def _facts(cfg: dict[str, Any], model_args: dict[str, Any]) -> dict[str, Any]:
    _, height, width = cfg.get("input_size") or (3, 224, 224)
    return {
        "licence": str(cfg.get("license") or "unknown"),
        "height": int(height),
        "width": int(width),
        "mean": tuple(float(value) for value in cfg.get("mean") or (0.485, 0.456, 0.406)),
        "std": tuple(float(value) for value in cfg.get("std") or (0.229, 0.224, 0.225)),
        "interpolation": str(cfg.get("interpolation") or "bicubic"),
        "model_args": json.dumps(model_args, sort_keys=True),
        "fixed_size": bool(cfg.get("fixed_input_size")),
    }


def _suggestion(name: str, first: list[str]) -> str:
    close = get_close_matches(name, [*first, *timm.list_models(), *timm.list_pretrained()], n=5, cutoff=0.6)
    choices = list(dict.fromkeys([*first[:10], *close]))
    return f" (did you mean {', '.join(choices)}?)" if choices else ""
