"""What learns, and how: parameters and layers in training mode, timm's optimisers and learning-rate schedules."""

import math
from typing import Any

import torch
from timm.models import group_parameters
from timm.optim import create_optimizer_v2, param_groups_layer_decay, param_groups_weight_decay
from timm.scheduler import CosineLRScheduler, MultiStepLRScheduler, StepLRScheduler
from timm.scheduler.scheduler import Scheduler
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from automl_skin.backbones.tuning.model import TuningModel
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.errors import ConfigError

LEARNING_STAGES = 2
"""The last stages of a network, which learn in the mode "partial"."""


def choose_parameters(model: TuningModel, recipe: TuningRecipe) -> None:
    """Unfreeze the parameters that the recipe's mode trains; the head always learns.

    Raises
    ------
    ConfigError
        If the mode is "partial" and timm does not know the network's stages.
    """
    model.network.requires_grad_(recipe.mode in {"full", "joint"})
    model.head.requires_grad_(requires_grad=True)
    if recipe.mode == "partial":
        for network in model.networks:
            learning = {name for stage in stages(network)[-LEARNING_STAGES:] for name in stage}
            for name, parameter in network.named_parameters():
                parameter.requires_grad_(name in learning)


def stages(network: nn.Module) -> list[list[str]]:
    """Return the names of a network's parameters by stage, the first stage first.

    The stages are timm's coarse groups; a group of scales and biases alone (a last normalisation) goes
    with the stage before it.
    """
    matcher = getattr(network, "group_matcher", None)
    if matcher is None:
        raise ConfigError(
            "mode=partial needs a network whose stages timm knows; choose mode=full or another backbone"
        )
    sizes = {name: parameter.ndim for name, parameter in network.named_parameters()}
    found: list[list[str]] = []
    for names in group_parameters(network, matcher(coarse=True)).values():
        if found and max(sizes[name] for name in names) < 2:
            found[-1].extend(names)
        else:
            found.append(list(names))
    return found


def enter_training(model: TuningModel, recipe: TuningRecipe) -> None:
    """Put what learns into training mode; frozen layers and kept batch normalisation stay in evaluation mode."""
    model.train()
    for module in model.network.modules():
        parameters = list(module.parameters())
        frozen = bool(parameters) and not any(parameter.requires_grad for parameter in parameters)
        if frozen or (recipe.batch_norm == "kept" and isinstance(module, _BatchNorm)):
            module.eval()


def min_images(model: TuningModel, recipe: TuningRecipe) -> int:
    """Return the smallest number of images that may go through the network at once: batch statistics need two."""
    if recipe.batch_norm == "kept":
        return 1
    adapting = (
        isinstance(module, _BatchNorm) and any(p.requires_grad for p in module.parameters())
        for module in model.network.modules()
    )
    return 2 if any(adapting) else 1


def make_optimiser(model: TuningModel, recipe: TuningRecipe) -> torch.optim.Optimizer:
    """Return the optimiser of the parameters that learn.

    Scales and biases do not decay, nor what the network itself excludes (position embeddings). A group's
    ``lr_scale`` is its share of the learning rate.
    """
    head = param_groups_weight_decay(model.head, recipe.weight_decay)
    for group in head:
        group["lr_scale"] = 1.0
    optimiser: torch.optim.Optimizer = create_optimizer_v2(
        [*(group for network in model.networks for group in _network_groups(network, recipe)), *head],
        opt=recipe.optimizer,
        lr=recipe.learning_rate,
        momentum=0.9,
        fused=True,
    )
    return optimiser


def _network_groups(network: nn.Module, recipe: TuningRecipe) -> list[dict[str, Any]]:
    decay = recipe.layer_decay
    excluded: set[str] = getattr(network, "no_weight_decay", set)()
    if decay == 1.0:
        return list(param_groups_weight_decay(network, recipe.weight_decay, no_weight_decay_list=excluded))
    return list(
        param_groups_layer_decay(
            network, recipe.weight_decay, no_weight_decay_list=excluded, layer_decay=decay
        )
    )


def make_schedule(optimiser: torch.optim.Optimizer, recipe: TuningRecipe, steps_per_epoch: int) -> Scheduler:
    """Return the learning-rate schedule; call ``step_update(step)`` before each step, from 0.

    During the warm-up the rate rises to its peak, or stays at a share of it (`TuningRecipe.warm_up_rate`). A cosine
    ends near 0 in the last step.
    """
    total = recipe.epochs * steps_per_epoch
    rising = min(math.ceil(recipe.warm_up * steps_per_epoch), total - 1)
    first = recipe.warm_up_rate or 1.0 / (rising + 1)
    warm_up: dict[str, Any] = {
        "warmup_t": rising,
        "warmup_lr_init": recipe.learning_rate * first,
        "warmup_prefix": True,
        "t_in_epochs": False,
    }
    schedule = _course(optimiser, recipe, steps_per_epoch, total - rising, warm_up)
    if recipe.warm_up_rate and rising:
        schedule.warmup_steps = [0.0] * len(schedule.warmup_steps)  # timm always rises to the peak
    return schedule


def _course(
    optimiser: torch.optim.Optimizer,
    recipe: TuningRecipe,
    steps_per_epoch: int,
    after_warm_up: int,
    warm_up: dict[str, Any],
) -> Any:
    if recipe.schedule == "cosine":
        return CosineLRScheduler(optimiser, t_initial=after_warm_up, **warm_up)
    if recipe.milestones:
        # counted from the beginning as Li et al. do, not from the end of the warm-up; timm falls one step early
        begun = warm_up["warmup_t"] - 1
        falls = [epoch * steps_per_epoch - begun for epoch in recipe.milestone_epochs]
        return MultiStepLRScheduler(optimiser, decay_t=falls, decay_rate=recipe.step_factor, **warm_up)
    return StepLRScheduler(optimiser, decay_t=recipe.epochs * steps_per_epoch, decay_rate=1.0, **warm_up)
