"""Which parameters of a network learn, and which of its layers are in training mode."""

from timm.models import group_parameters
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
        learning = {name for stage in stages(model.network)[-LEARNING_STAGES:] for name in stage}
        for name, parameter in model.network.named_parameters():
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
