import pytest
import timm
import torch
from torch import nn

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.network import load_network
from automl_skin.backbones.tuning import parameters
from automl_skin.backbones.tuning.model import LinearHead, TuningModel
from automl_skin.backbones.tuning.parameters import choose_parameters, enter_training, min_images, stages
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.errors import ConfigError


def entered(backbone, **values):
    model = TuningModel(load_network(backbone), LinearHead(96, 3, seed=0), "float32")
    recipe = TuningRecipe(**values)
    choose_parameters(model, recipe)
    enter_training(model, recipe)
    return model, recipe


def modes(network, prefix):
    return {module.training for name, module in network.named_modules() if name.startswith(prefix)}


def test_frozen_stages_stay_as_in_use(backbone):
    network = entered(backbone, mode="partial")[0].network
    assert modes(network, "layer1") == modes(network, "layer2") == {False}
    assert modes(network, "layer3") == modes(network, "layer4") == {True}
    frozen = {name.partition(".")[0] for name, p in network.named_parameters() if not p.requires_grad}
    assert frozen == {"conv1", "bn1", "layer1", "layer2"}


def test_frozen_stages_keep_no_graph(backbone, monkeypatch):
    monkeypatch.setattr(parameters, "LEARNING_STAGES", 1)
    network = entered(backbone, mode="partial")[0].network
    seen = {}
    network.layer3.register_forward_hook(lambda *found: seen.update(layer3=found[2].requires_grad))
    network.layer4.register_forward_hook(lambda *found: seen.update(layer4=found[2].requires_grad))
    network.forward_features(torch.zeros(2, 3, 64, 64))
    assert seen == {"layer3": False, "layer4": True}


def test_head_leaves_the_whole_network_in_use(backbone):
    model, _ = entered(backbone, mode="head")
    assert modes(model.network, "") == {False}
    assert model.head.training


def test_kept_statistics_are_in_use_and_the_rest_is_training(backbone):
    network = entered(backbone, batch_norm="kept")[0].network
    for module in network.modules():
        if not list(module.children()) and list(module.parameters()):
            assert module.training != isinstance(module, nn.BatchNorm2d)


def test_a_last_normalisation_is_no_stage_of_its_own():
    network = timm.create_model("test_convnext", num_classes=0)
    last = stages(network)[-1]
    assert any(name.startswith("stages.3") for name in last)
    assert "head.norm.weight" in last
    assert sorted(name for stage in stages(network) for name in stage) == sorted(
        name for name, _ in network.named_parameters()
    )


def test_a_network_without_stages_is_named(backbone):
    with pytest.raises(ConfigError, match="needs a network whose stages timm knows"):
        stages(nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("values", "fewest"),
    [({}, 2), ({"batch_norm": "kept"}, 1), ({"mode": "head"}, 1), ({"mode": "partial"}, 2)],
)
def test_batch_statistics_need_two_images(values, fewest, backbone):
    model, recipe = entered(backbone, **values)
    assert min_images(model, recipe) == fewest


def test_a_network_without_batch_statistics_takes_one_image():
    model, recipe = entered(resolve_backbone("test_vit.random"))
    assert min_images(model, recipe) == 1
