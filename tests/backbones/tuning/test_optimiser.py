import numpy as np
import pytest
import timm
import torch
from torch import nn

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.network import load_network
from automl_skin.backbones.tuning import optimiser as optimisers
from automl_skin.backbones.tuning.model import LinearHead, TuningModel
from automl_skin.backbones.tuning.optimiser import (
    choose_parameters,
    enter_training,
    make_optimiser,
    make_schedule,
    min_images,
    stages,
)
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.errors import ConfigError


@pytest.fixture
def make(backbone):
    def build(**values):
        model = TuningModel(load_network(backbone), LinearHead(96, 3, seed=0), "float32")
        recipe = TuningRecipe(**{"learning_rate": 1e-3, **values})
        choose_parameters(model, recipe)
        return model, recipe, make_optimiser(model, recipe)

    return build


def rates(optimiser, recipe, n_steps):
    schedule = make_schedule(optimiser, recipe, n_steps)
    found = []
    for step in range(recipe.epochs * n_steps):
        schedule.step_update(step)
        found.append(optimiser.param_groups[-1]["lr"])
    return np.array(found)


def test_every_parameter_that_learns_is_in_one_group(make):
    for mode in ("head", "partial", "full"):
        model, _, optimiser = make(mode=mode)
        ids = [id(parameter) for group in optimiser.param_groups for parameter in group["params"]]
        assert sorted(ids) == sorted(id(p) for p in model.parameters() if p.requires_grad)


def test_scales_and_biases_do_not_decay(make):
    for group in make(weight_decay=0.3)[2].param_groups:
        for parameter in group["params"]:
            assert group["weight_decay"] == (0.3 if parameter.ndim > 1 else 0.0)


def test_early_layers_learn_slower_and_the_head_at_the_full_rate(make):
    model, recipe, optimiser = make(layer_decay=0.5, learning_rate=1e-2, warm_up=0.0)
    make_schedule(optimiser, recipe, 5).step_update(0)
    rate = {id(parameter): group["lr"] for group in optimiser.param_groups for parameter in group["params"]}
    named = dict(model.network.named_parameters())
    assert rate[id(model.head.last.weight)] == rate[id(model.head.last.bias)] == pytest.approx(1e-2)
    last = rate[id(named["layer4.0.conv2.weight"])]
    assert last == pytest.approx(1e-2)
    assert rate[id(named["layer3.0.conv2.weight"])] == pytest.approx(last / 2)
    assert rate[id(named["conv1.0.weight"])] < last / 8


def test_cosine_rises_and_falls(make):
    _, recipe, optimiser = make(epochs=3, warm_up=0.5, learning_rate=1.0)
    found = rates(optimiser, recipe, 10)
    np.testing.assert_allclose(found[:6], np.arange(1, 7) / 6)
    rest = np.arange(25)
    np.testing.assert_allclose(found[5:], (1 + np.cos(np.pi * rest / 25)) / 2)


def test_steps_and_constant(make):
    _, recipe, optimiser = make(epochs=4, warm_up=0, schedule="steps", milestones="2", step_factor=0.1)
    np.testing.assert_allclose(rates(optimiser, recipe, 5), [1e-3] * 10 + [1e-4] * 10)
    _, recipe, optimiser = make(epochs=2, warm_up=0.0, schedule="constant")
    np.testing.assert_allclose(rates(optimiser, recipe, 5), [1e-3] * 10)


def test_a_training_of_one_step_learns_something(make):
    _, recipe, optimiser = make(epochs=1, warm_up=0.3)
    assert rates(optimiser, recipe, 1) == [1e-3]


def test_steps_at_given_epochs_count_from_the_beginning(make):
    milestones = {"epochs": 6, "schedule": "steps", "milestones": "2,3", "step_factor": 0.1}
    for warm_up in (0.0, 0.5):
        _, recipe, optimiser = make(warm_up=warm_up, **milestones)
        found = rates(optimiser, recipe, 4)
        np.testing.assert_allclose(found[2:], [1e-3] * 6 + [1e-4] * 4 + [1e-5] * 12)


@pytest.mark.parametrize("schedule", ["cosine", "steps", "constant"])
def test_the_warm_up_may_stay_at_a_share_of_the_peak(make, schedule):
    _, recipe, optimiser = make(
        epochs=4,
        warm_up=1.0,
        warm_up_rate=0.1,
        schedule=schedule,
        milestones="3" if schedule == "steps" else "",
    )
    found = rates(optimiser, recipe, 5)
    np.testing.assert_allclose(found[:5], [1e-4] * 5)
    assert found[5] == pytest.approx(1e-3)


def test_plain_momentum_and_nesterov_s(make):
    plain, nesterov = (make(optimizer=name)[2] for name in ("momentum", "sgd"))
    for optimiser, expected in ((plain, False), (nesterov, True)):
        assert {group["nesterov"] for group in optimiser.param_groups} == {expected}
        assert {group["momentum"] for group in optimiser.param_groups} == {0.9}


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
    monkeypatch.setattr(optimisers, "LEARNING_STAGES", 1)
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
