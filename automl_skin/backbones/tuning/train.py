"""Tuning itself: epochs of steps, watched, saved after each epoch, continued where they ended."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from automl_skin.backbones.catalogue import Backbone
from automl_skin.backbones.device import Precision
from automl_skin.backbones.tuning.data import TuningData
from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.backbones.tuning.tuned_head import TunedHead

__all__ = ["Epoch", "Tuned", "tune"]


@dataclass(frozen=True, eq=False)
class Tuned:
    """The outcome of a tuning.

    Parameters
    ----------
    network : Module
        Like that of `load_network`: evaluation mode, on the CPU.
    head : TunedHead
    curve : tuple of Epoch
    micro_batch : int
        Images that went through the network at once in the end.
    """

    network: nn.Module
    head: TunedHead
    curve: tuple[Epoch, ...]
    micro_batch: int


def tune(
    backbone: Backbone,
    recipe: TuningRecipe,
    data: TuningData,
    *,
    mean: tuple[float, float, float],
    std: tuple[float, float, float],
    seed: int,
    device: torch.device,
    precision: Precision,
    folder: Path | None = None,
    progress: Callable[[Epoch], None] | None = None,
) -> Tuned:
    """Tune a network."""
    raise NotImplementedError
