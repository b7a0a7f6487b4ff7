import numpy as np
import pytest

from automl_skin.backbones.network import load_network
from automl_skin.backbones.tuning.model import LinearHead, TuningModel
from automl_skin.backbones.tuning.optimiser import make_optimiser, make_schedule
from automl_skin.backbones.tuning.parameters import choose_parameters
from automl_skin.backbones.tuning.recipe import TuningRecipe


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
