"""Tuning itself: epochs of steps, watched, saved after each epoch, continued where they ended.

On the CPU, with as many threads, the same seed gives the same weights to the last bit, killed and continued or
not: the order of an epoch and the seed of each step's random numbers follow from the seed alone.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from timm.utils import ModelEmaV3
from torch import nn

from automl_skin.backbones.catalogue import Backbone
from automl_skin.backbones.device import Precision
from automl_skin.backbones.memory import MicroBatch, explain_out_of_memory
from automl_skin.backbones.network import load_network, weights_digest
from automl_skin.backbones.spatial.catalogue import add_metadata
from automl_skin.backbones.tuning.batches import TuningBatch, order_of_epoch, read_batches, split_evenly
from automl_skin.backbones.tuning.checkpoint import State, restore_state, save_state
from automl_skin.backbones.tuning.data import TuningData
from automl_skin.backbones.tuning.epoch import Epoch, best_epoch, is_over
from automl_skin.backbones.tuning.fusions import EMBEDDING_NETWORK, PooledFusion, is_pooled
from automl_skin.backbones.tuning.inputs import Preparation
from automl_skin.backbones.tuning.loss import make_loss
from automl_skin.backbones.tuning.model import (
    FusedHead,
    LinearHead,
    TowersHead,
    TuningModel,
    count_dimensions,
)
from automl_skin.backbones.tuning.optimiser import (
    choose_parameters,
    enter_training,
    make_optimiser,
    make_schedule,
    min_images,
)
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.backbones.tuning.towers import TowersModel
from automl_skin.backbones.tuning.tuned_head import TunedHead
from automl_skin.backbones.tuning.watch import LossWatch, check_weights, inner_auc
from automl_skin.digests import Json, digest_array, digest_json
from automl_skin.errors import ConfigError, TuningError
from automl_skin.seeding import derive_seed


@dataclass(frozen=True, eq=False)
class Tuned:
    """The outcome of a tuning.

    Parameters
    ----------
    network : Module
        Like that of `load_network`: evaluation mode, on the CPU. Of towers a ``ModuleList`` of such, in the order of
        the roles.
    micro_batch : int
        Images that went through the network at once in the end.
    spatial : mapping
        The fusion by which metadata enter the network, as in `Backbone.spatial` but without the encoder; empty where
        the network sees images alone.
    """

    network: nn.Module
    head: TunedHead
    curve: tuple[Epoch, ...]
    micro_batch: int
    spatial: Mapping[str, Json] = field(default_factory=dict)


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
    """Tune a network and a head on it.

    Parameters
    ----------
    backbone : Backbone
        Where the network starts.
    mean, std : tuple of float
        Of the pixel recipe, channels in [0, 1].
    seed : int
        Of this tuning; torch's own random numbers are left as they were.
    device, precision
        From `resolve_device` and `resolve_precision`.
    folder : Path, optional
        Where a checkpoint is written after every epoch, and read to resume.
    progress : callable, optional
        Called with every `Epoch` that ends here; those of a checkpoint are in the curve alone.

    Raises
    ------
    TuningError
        If the training diverges, or does not fit the memory with the smallest pieces.
    ConfigError
        If recipe, data and backbone do not go together.
    BackboneError
        If the network cannot be loaded.
    """
    _check(backbone, recipe, data)
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), explain_out_of_memory():
        return _Training(backbone, recipe, data, mean, std, seed, device, precision).run(folder, progress)


class _Training:
    """One tuning: what stays the same through its epochs, and the `State` that they change."""

    def __init__(
        self,
        backbone: Backbone,
        recipe: TuningRecipe,
        data: TuningData,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        seed: int,
        device: torch.device,
        precision: Precision,
    ) -> None:
        self.backbone, self.recipe, self.data, self.seed, self.device = backbone, recipe, data, seed, device
        model = _make_model(backbone, recipe, data, seed, precision)
        self.identity = _identity(model, recipe, data, (*mean, *std), seed)
        choose_parameters(model, recipe)
        self.state = _begin(model.to(device), recipe)
        self.min_size = min_images(model, recipe)
        self.n_steps = split_evenly(len(data.trained), recipe.batch_size, self.min_size)
        largest = -(-len(data.trained) // self.n_steps)
        self.micro = MicroBatch(largest, self.min_size)
        self.prepare = Preparation(recipe, data, mean, std, device)
        counts = np.bincount(data.labels[data.trained], minlength=data.n_classes)
        self.loss = make_loss(recipe, counts, device)
        self.schedule = make_schedule(self.state.optimiser, recipe, self.n_steps)

    def run(self, folder: Path | None, progress: Callable[[Epoch], None] | None) -> Tuned:
        """Train the epochs that are left, and return the outcome."""
        if folder is not None:
            self.micro.size = restore_state(self.state, self.identity, folder) or self.micro.size
        while not is_over(self.state.curve, self.recipe):
            epoch = self._train_epoch(len(self.state.curve) + 1)
            if folder is not None:
                save_state(self.state, self.micro.size, self.identity, folder)
            if progress is not None:
                progress(epoch)
        return self._finish()

    def _train_epoch(self, number: int) -> Epoch:
        started = time.perf_counter()
        watch = LossWatch(number)
        enter_training(self.state.model, self.recipe)
        order = order_of_epoch(self.recipe, self.data, self.seed, number)
        parts = np.array_split(order, self.n_steps)
        batches = read_batches(
            self.data, parts, metadata=self.recipe.mode == "joint", pinned=self.device.type == "cuda"
        )
        for step, batch in enumerate(batches):
            self._train_step(batch, number, step, watch)
        loss = watch.mean()
        trained = time.perf_counter() - started
        check_weights(self.state.model, number, self._rate)
        auc = inner_auc(self.state.current, self.data, self.prepare, self.micro)
        return self._note(number, loss, auc, watch.n_images / trained, started)

    def _train_step(self, batch: TuningBatch, epoch: int, step: int, watch: LossWatch) -> None:
        update = (epoch - 1) * self.n_steps + step
        self.schedule.step_update(update)
        seed = derive_seed(self.seed, "tune", epoch, step)
        loss = self.micro.run(lambda size: self._gradients(batch, seed, size))
        watch.add(loss, len(batch.labels), self._rate)
        self.state.scaler.step(self.state.optimiser)
        self.state.scaler.update()
        if self.state.averaged is not None:
            self.state.averaged.update(self.state.model, step=update + 1)

    def _gradients(self, batch: TuningBatch, seed: int, size: int) -> torch.Tensor:
        """Leave the gradients of a batch's mean loss, and return the sum of its losses."""
        torch.manual_seed(seed)
        self.state.optimiser.zero_grad()
        inputs = self.prepare.for_training(batch)
        n_images = len(batch.labels)
        total = torch.zeros((), device=self.device)
        for piece in inputs.split(split_evenly(n_images, size, self.min_size)):
            loss = self.loss(self.state.model.answer(piece), piece.soft).sum()
            self.state.scaler.scale(loss / n_images).backward()  # type: ignore[no-untyped-call]  # torch's own stubs
            total += loss.detach()
        return total

    @property
    def _rate(self) -> float:
        """The learning rate of the head in the current step."""
        return float(self.state.optimiser.param_groups[-1]["lr"])

    def _note(self, number: int, loss: float, auc: float, speed: float, started: float) -> Epoch:
        seconds = time.perf_counter() - started
        curve, epochs = self.state.curve, self.recipe.epochs
        each = (sum(epoch.seconds for epoch in curve) + seconds) / number
        epoch = Epoch(number, epochs, loss, auc, speed, seconds, each * (epochs - number))
        curve.append(epoch)
        if self.recipe.patience and best_epoch(curve) == number:
            state = self.state.current.state_dict()
            self.state.best = {name: tensor.cpu().clone() for name, tensor in state.items()}
        if is_over(curve, self.recipe):
            curve[-1] = replace(epoch, seconds_left=0.0)
        return curve[-1]

    def _finish(self) -> Tuned:
        model = self.state.current
        if self.recipe.patience:
            model.load_state_dict(self.state.best)
        network = model.network.cpu().eval().requires_grad_(requires_grad=False)
        if self.recipe.wise < 1.0:
            for each in model.networks:
                _mix(each, load_network(self.backbone), self.recipe.wise)
        head, curve = model.head.to_tuned_head(), tuple(self.state.curve)
        return Tuned(network, head, curve, self.micro.size, _spatial(self.recipe, self.data))


def _check(backbone: Backbone, recipe: TuningRecipe, data: TuningData) -> None:
    if recipe.has_fusion and not is_pooled(recipe.fusion) and recipe.wise < 1.0:
        message = f"the fusion {recipe.fusion} stands inside the network"
        raise ConfigError(f"{message}, which rules out wise={recipe.wise:g}; set wise=1")
    if recipe.wise < 1.0 and backbone.weights == "random":
        message = f"wise={recipe.wise:g} mixes tuned with pretrained weights, and {backbone.name} has none"
        raise ConfigError(f"{message}; set wise=1 or choose pretrained weights")
    if data.roles:
        _check_towers(recipe)
    if recipe.mode == "joint" and data.metadata is None:
        raise ConfigError("mode=joint trains on metadata and got none; choose mode=full or add columns")
    if recipe.patience and len(np.unique(data.target_of[data.labels[data.watched]])) < 2:
        message = f"patience={recipe.patience} needs watched rows of two target classes"
        raise ConfigError(f"{message}, got {len(data.watched)} rows; set patience=0 or watch more rows")


def _check_towers(recipe: TuningRecipe) -> None:
    wrong = {
        f"mixup={recipe.mixup:g}; set mixup=0": bool(recipe.mixup),
        f"head_dropout={recipe.head_dropout:g}; set head_dropout=0": bool(recipe.head_dropout),
        f"the fusion {recipe.fusion}, which stands inside a network; choose one on pooled embeddings": (
            recipe.has_fusion and not is_pooled(recipe.fusion)
        ),
    }
    for found in (name for name, is_wrong in wrong.items() if is_wrong):
        raise ConfigError(
            f"towers tuned together: expected no mixed images and an embedding network, got {found}"
        )


def _make_model(
    backbone: Backbone, recipe: TuningRecipe, data: TuningData, seed: int, precision: Precision
) -> TuningModel:
    network = load_network(backbone, recipe.drop_path)
    joint = recipe.mode == "joint" and data.metadata is not None
    n_metadata = data.metadata.shape[1] if joint and data.metadata is not None else 0
    if data.roles:
        towers = [network, *(load_network(backbone, recipe.drop_path) for _ in data.roles[1:])]
        return TowersModel(towers, _make_towers_head(network, recipe, data, n_metadata, seed), precision)
    spatial = _spatial(recipe, data)
    if spatial:
        try:
            network = add_metadata(network, seed=seed, **spatial)
        except ConfigError as error:  # other networks of the study may have a place for it
            raise TuningError(f"{backbone.name} cannot be tuned so: {error}") from error
        return TuningModel(network, _make_head(network, recipe, data, 0, seed), precision)
    return TuningModel(network, _make_head(network, recipe, data, n_metadata, seed), precision)


def _spatial(recipe: TuningRecipe, data: TuningData) -> dict[str, Any]:
    """Return the fusion by which metadata enter the network itself, with its settings; empty where none does."""
    if data.metadata is None or not recipe.has_fusion or is_pooled(recipe.fusion):
        return {}
    n_metadata = data.metadata.shape[1]
    return {"fusion": recipe.fusion, "n_metadata": n_metadata, "settings": recipe.fusion_settings}


def _make_towers_head(
    network: nn.Module, recipe: TuningRecipe, data: TuningData, n_metadata: int, seed: int
) -> TowersHead:
    """Return the embedding network on all towers, or the fusion that the recipe names."""
    n_image = len(data.roles) * count_dimensions(network, *data.input_size)
    name = recipe.fusion if recipe.has_fusion else EMBEDDING_NETWORK
    fusion = PooledFusion(name, recipe.fusion_settings, n_image, n_metadata)
    return TowersHead(FusedHead(fusion, data.n_classes, seed=seed), data.roles)


def _make_head(
    network: nn.Module, recipe: TuningRecipe, data: TuningData, n_metadata: int, seed: int
) -> LinearHead | FusedHead:
    """Return a head that sees so many columns of metadata itself."""
    entering = 0 if data.metadata is None else data.metadata.shape[1]
    n_dimensions = count_dimensions(network, *data.input_size, entering)
    embeds = recipe.has_fusion and recipe.fusion == EMBEDDING_NETWORK
    if embeds or (n_metadata and recipe.has_fusion):
        fusion = PooledFusion(recipe.fusion, recipe.fusion_settings, n_dimensions, n_metadata)
        return FusedHead(fusion, data.n_classes, seed=seed)
    return LinearHead(
        n_dimensions,
        data.n_classes,
        n_metadata=n_metadata,
        metadata_width=recipe.metadata_width,
        seed=seed,
        dropout=recipe.head_dropout,
    )


def _begin(model: TuningModel, recipe: TuningRecipe) -> State:
    # a decay that rises with the steps forgets the weights that a short training starts from
    averaged = ModelEmaV3(model, decay=recipe.ema, use_warmup=True) if recipe.ema else None
    device = next(model.parameters()).device
    scaler = torch.amp.GradScaler(device.type, enabled=model.precision == "float16")
    return State(model, make_optimiser(model, recipe), averaged, scaler)


def _identity(
    model: TuningModel, recipe: TuningRecipe, data: TuningData, scale: tuple[float, ...], seed: int
) -> str:
    """Return the digest of what is tuned; the pixels, which are many, go in by their shape."""
    cut = {"cut": list(data.cut)} if data.cut else {}
    towers = {} if data.present is None else {"roles": data.roles, "present": digest_array(data.present)}
    return digest_json(
        {
            **cut,
            **towers,
            "recipe": recipe.digest,
            "start": weights_digest(model),
            "precision": model.precision,
            "scale": list(scale),
            "seed": seed,
            "pixels": list(data.pixels.shape),
            "labels": digest_array(data.labels),
            "inner": digest_array(data.inner),
            "target_of": digest_array(data.target_of),
            "metadata": "" if data.metadata is None else digest_array(data.metadata),
        }
    )


def _mix(tuned: nn.Module, start: nn.Module, share: float) -> None:
    """Move a network's weights and statistics towards its start (Wortsman et al. 2022, equation 1)."""
    starts = start.state_dict()
    for name, tensor in tuned.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(torch.lerp(starts[name], tensor, share))
