"""What is watched in an epoch: that the loss is finite, and the AUC of the rows that are not trained on."""

import math

import numpy as np
import torch
from torch import Tensor

from automl_skin.arrays import FloatArray
from automl_skin.backbones.memory import MicroBatch
from automl_skin.backbones.tuning.batches import read_batches, split_evenly
from automl_skin.backbones.tuning.data import TuningData
from automl_skin.backbones.tuning.inputs import Inputs, Preparation
from automl_skin.backbones.tuning.model import TuningModel
from automl_skin.errors import TuningError
from automl_skin.metrics.ranking import macro_auc

_STEPS_AT_ONCE = 16  # reading a number from a GPU waits for it, so several are read together


class LossWatch:
    """Adds up the losses of an epoch (counted from 1), and stops a training that diverges."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.total = 0.0
        self.n_images = 0
        self.steps = 0
        self._waiting: list[tuple[Tensor, int, float]] = []

    def add(self, loss: Tensor, n_images: int, learning_rate: float) -> None:
        """Note the sum of a step's losses."""
        self._waiting.append((loss, n_images, learning_rate))
        if len(self._waiting) >= _STEPS_AT_ONCE:
            self._read()

    def mean(self) -> float:
        """Return the mean loss of the epoch so far.

        Raises
        ------
        TuningError
            If a loss was not finite.
        """
        self._read()
        return self.total / max(self.n_images, 1)

    def _read(self) -> None:
        if not self._waiting:
            return
        values = torch.stack([loss for loss, _, _ in self._waiting]).tolist()
        for value, (_, n_images, rate) in zip(values, self._waiting, strict=True):
            self.steps += 1
            if not math.isfinite(value):
                raise diverged(f"the loss is {value} in step {self.steps}", self.epoch, rate)
            self.total += value
            self.n_images += n_images
        self._waiting = []


def diverged(found: str, epoch: int, learning_rate: float) -> TuningError:
    """Return the error of a training that diverged."""
    message = f"tuning diverged: {found} of epoch {epoch} at learning rate"
    return TuningError(f"{message} {learning_rate:.3g}; use a smaller learning_rate or a longer warm_up")


def check_weights(model: TuningModel, epoch: int, learning_rate: float) -> None:
    """Refuse weights that are not finite: the last step of an epoch shows in no loss.

    Raises
    ------
    TuningError
    """
    tensors = [tensor for tensor in model.state_dict().values() if tensor.is_floating_point()]
    if not bool(torch.stack([tensor.isfinite().all() for tensor in tensors]).all()):
        raise diverged("a weight is not finite at the end", epoch, learning_rate)


def inner_auc(model: TuningModel, data: TuningData, prepare: Preparation, micro: MicroBatch) -> float:
    """Return the target's AUC on the watched rows; NaN where they have one class or none."""
    labels = data.target_of[data.labels[data.watched]]
    if len(np.unique(labels)) < 2:
        return math.nan
    model.eval()
    classes = micro.run(lambda size: _probabilities(model, data, prepare, size))
    targets = np.zeros((len(labels), int(data.target_of.max()) + 1))
    np.add.at(targets.T, data.target_of, classes.T)
    return macro_auc(labels, targets) if np.isfinite(targets).all() else math.nan


def _probabilities(model: TuningModel, data: TuningData, prepare: Preparation, size: int) -> FloatArray:
    """Return probabilities of the watched rows, shape (n_watched, n_classes)."""
    parts = np.array_split(data.watched, split_evenly(len(data.watched), size))
    with torch.inference_mode():
        batches = read_batches(data, parts, metadata=model.sees_metadata, pinned=False)
        pieces = [_of_one_batch(model, prepare.for_watching(batch)) for batch in batches]
    return np.concatenate(pieces)


def _of_one_batch(model: TuningModel, inputs: Inputs) -> FloatArray:
    logits = model.answer(inputs)
    probabilities: FloatArray = logits.cpu().double().softmax(dim=1).numpy()  # MPS has no float64
    return probabilities
