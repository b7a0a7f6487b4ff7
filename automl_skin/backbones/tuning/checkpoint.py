"""Checkpoints: everything that a tuning needs to resume after its last finished epoch, bit for bit.

The state of random numbers is not needed: every step derives its own seed.
"""

import logging
import pickle
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from timm.utils import ModelEmaV3

from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.backbones.tuning.model import TuningModel
from automl_skin.files import atomic_write

CHECKPOINT = "checkpoint.pt"
_logger = logging.getLogger(__name__)
_DAMAGED = (OSError, EOFError, RuntimeError, KeyError, TypeError, ValueError, pickle.UnpicklingError)


@dataclass(eq=False)
class State:
    """A tuning under way.

    Parameters
    ----------
    averaged : ModelEmaV3 or None
        Of the weights, where the recipe averages them.
    scaler : GradScaler
        Keeps gradients within the range of float16; does nothing in other precisions.
    curve : list of Epoch
        The finished epochs.
    best : dict
        Weights of the best epoch by name, where patience needs them.
    """

    model: TuningModel
    optimiser: torch.optim.Optimizer
    averaged: ModelEmaV3 | None
    scaler: torch.amp.GradScaler
    curve: list[Epoch] = field(default_factory=list)
    best: dict[str, torch.Tensor] = field(default_factory=dict)

    @property
    def current(self) -> TuningModel:
        """The weights that count: averaged ones, where there are any."""
        model: TuningModel = self.model if self.averaged is None else self.averaged.module
        return model


def save_state(state: State, micro_batch: int, identity: str, folder: Path) -> None:
    """Write a checkpoint, whole or not at all.

    Parameters
    ----------
    identity : str
        Digest of what is tuned; a checkpoint of something else is not resumed.

    Raises
    ------
    StorageError
        If the folder cannot be written or the disk is full.
    """
    content = {
        "identity": identity,
        "micro_batch": micro_batch,
        "model": state.model.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "averaged": None if state.averaged is None else state.averaged.state_dict(),
        "scaler": state.scaler.state_dict(),
        "curve": [asdict(epoch) for epoch in state.curve],
        "best": state.best,
    }
    with atomic_write(folder / CHECKPOINT) as temporary:
        torch.save(content, temporary)


def restore_state(state: State, identity: str, folder: Path) -> int | None:
    """Restore a tuning from its checkpoint; return the micro batch, or None without a usable checkpoint."""
    content = _read(folder / CHECKPOINT)
    if content is None:
        return None
    if content["identity"] != identity:
        _logger.warning("%s is of another tuning; this one starts over", folder / CHECKPOINT)
        return None
    state.model.load_state_dict(content["model"])
    state.optimiser.load_state_dict(content["optimiser"])
    if state.averaged is not None:
        state.averaged.load_state_dict(content["averaged"])
    state.scaler.load_state_dict(content["scaler"])
    state.curve = [Epoch(**epoch) for epoch in content["curve"]]
    state.best = content["best"]
    return int(content["micro_batch"])


def _read(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        return {**content, "identity": str(content["identity"])}
    except _DAMAGED as error:
        reason = str(error).partition("\n")[0]
        _logger.warning("%s is damaged (%s); the tuning starts over", path, reason)
        return None
