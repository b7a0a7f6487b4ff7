"""Backbones by name: a weights folder, a timm name, or a timm architecture with random weights."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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
    weights : {"folder", "timm", "random"}
        Where the weights come from.
    folder : Path or None
        The folder in hub layout of ``weights="folder"``.
    seed : int
        Seed of ``weights="random"``.
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
        Whether the network takes inputs of ``height`` x ``width`` only.
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


def resolve_backbone(
    name: str,
    weights_dir: Path | None = None,
    weights: Literal["pretrained", "random"] = "pretrained",
    seed: int = 0,
) -> Backbone:
    """Find a backbone by name: a folder in `weights_dir`, a tagged timm name, a plain timm name.

    Raises
    ------
    BackboneError
        If the name is unknown or ambiguous; the message lists the choices.
    """
    raise NotImplementedError
