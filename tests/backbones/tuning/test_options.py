"""Every option of the recipe has the effect that it is there for."""

import sys

import numpy as np
import pytest
import torch

from automl_skin.backbones.catalogue import backbone_from_folder, resolve_backbone
from automl_skin.backbones.network import load_network, save_network, weights_digest
from automl_skin.backbones.tuning import train
from automl_skin.backbones.tuning.model import LinearHead
from automl_skin.errors import ConfigError, TuningError


def state(outcome):
    return {
        name: tensor for name, tensor in outcome.network.state_dict().items() if tensor.is_floating_point()
    }


@pytest.fixture(scope="module")
def plain(tuned):
    return weights_digest(tuned(epochs=1).network)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("batch_size", 40),
        ("optimizer", "adam"),
        ("optimizer", "sgd"),
        ("learning_rate", 1e-4),
        ("weight_decay", 1.0),
        ("layer_decay", 0.5),
        ("schedule", "constant"),
        ("warm_up", 0.0),
        ("loss", "weighted"),
        ("loss", "focal"),
        ("label_smoothing", 0.2),
        ("sampling", "balanced"),
        ("ema", 0.9),
        ("drop_path", 0.3),
        ("augmentation", "light"),
        ("mixup", 1.0),
        ("batch_norm", "kept"),
    ],
)
def test_the_option_changes_the_weights_and_they_stay_finite(option, value, tuned, plain):
    outcome = tuned(epochs=1, **{option: value})
    assert weights_digest(outcome.network) != plain
    assert all(bool(tensor.isfinite().all()) for tensor in state(outcome).values())


def test_steps_lower_the_learning_rate(tuned):
    options = {"epochs": 2, "warm_up": 0.0}
    constant, steps = (
        tuned(schedule="constant", **options),
        tuned(schedule="steps", milestones="1", **options),
    )
    assert constant.curve[0].loss == steps.curve[0].loss
    assert weights_digest(constant.network) != weights_digest(steps.network)


def test_averaged_weights_are_the_average(tuned):
    """One step an epoch; timm's decay of the second update is 1 - 2 ** (-2 / 3)."""
    options = {"batch_size": 96, "schedule": "constant", "warm_up": 0.0}
    first, second = (state(tuned(epochs=epochs, **options)) for epochs in (1, 2))
    decay = 1 - 2 ** (-2 / 3)
    for name, found in state(tuned(epochs=2, ema=0.9, **options)).items():
        expected = decay * first[name] + (1 - decay) * second[name]
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_kept_statistics_are_those_of_the_start(tuned, backbone):
    start = load_network(backbone).state_dict()
    kept, adapted = (state(tuned(epochs=1, batch_norm=name)) for name in ("kept", "adapt"))
    statistics = [name for name in kept if "running_" in name]
    scales = [name.replace("running_mean", "weight") for name in statistics if "running_mean" in name]
    assert all(torch.equal(kept[name], start[name]) for name in statistics)
    assert not any(torch.equal(adapted[name], start[name]) for name in statistics)
    assert not any(torch.equal(kept[name], start[name]) for name in scales)


def test_wise_lies_between_start_and_tuned(tuned, backbone, tmp_path):
    save_network(backbone, load_network(backbone), tmp_path)
    pretrained = backbone_from_folder(tmp_path)
    start = load_network(pretrained).state_dict()
    whole, half, none = (tuned(start=pretrained, epochs=1, wise=share) for share in (1.0, 0.5, 0.0))
    for name, tensor in state(half).items():
        torch.testing.assert_close(tensor, 0.5 * (start[name] + state(whole)[name]), rtol=1e-5, atol=1e-6)
    assert all(torch.equal(tensor, start[name]) for name, tensor in state(none).items())
    assert np.array_equal(half.head.weight, whole.head.weight)


def test_patience_stops_and_goes_back_to_the_best_epoch(tuned, monkeypatch, tmp_path):
    aucs = {1: 0.6, 2: 0.9, 3: 0.7, 4: 0.9, 5: 1.0}
    calls = []

    def fake(*_):
        calls.append(1)
        return aucs[len(calls)]

    monkeypatch.setattr(train, "inner_auc", fake)
    stopped = tuned(epochs=10, patience=2, schedule="constant", folder=tmp_path)
    assert [epoch.inner_auc for epoch in stopped.curve] == [0.6, 0.9, 0.7, 0.9]
    assert stopped.curve[-1].seconds_left == 0
    assert len(tuned(epochs=10, patience=2, schedule="constant", folder=tmp_path).curve) == 4
    monkeypatch.undo()
    best = tuned(epochs=2, schedule="constant")
    assert weights_digest(stopped.network) == weights_digest(best.network)
    assert np.array_equal(stopped.head.weight, best.head.weight)


def test_metadata_can_be_lost_and_have_a_width(tuned):
    seen, lost = (
        tuned(mode="joint", epochs=1, metadata_dropout=share, metadata_width=5) for share in (0.0, 1.0)
    )
    start = LinearHead(96, 3, n_metadata=4, metadata_width=5, seed=1).hidden.weight.detach().numpy()
    assert seen.head.metadata_weight.shape == (5, 4)
    # absent metadata are zeros here, through which no gradient reaches the weights; they only decay
    assert np.abs(lost.head.metadata_weight - start).max() < 1e-3
    assert np.abs(seen.head.metadata_weight - start).max() > 1e-3


def test_no_augmentation_needs_no_library(tuned, monkeypatch, plain):
    monkeypatch.setitem(sys.modules, "automl_skin.images.augment", None)
    assert weights_digest(tuned(epochs=1).network) == plain


def test_bfloat16_learns_as_well(tuned):
    outcome = tuned(precision="bfloat16")
    assert outcome.curve[-1].inner_auc > 0.9
    assert all(tensor.dtype == torch.float32 for tensor in state(outcome).values())


@pytest.mark.parametrize("name", ["test_vit.random", "test_convnext.random", "test_efficientnet.random"])
def test_other_architectures_are_tuned_by_layers_and_stages(name, tuned, toy):
    start = resolve_backbone(name)
    data = toy(side=start.height if start.fixed_size else 64, n=24)
    outcome = tuned(data, start, mode="partial", layer_decay=0.7, drop_path=0.1, epochs=1)
    assert weights_digest(outcome.network) != weights_digest(load_network(start))


def test_branches_that_are_not_there_cannot_be_dropped(tuned):
    with pytest.raises(ConfigError, match=r"vgg11 has no residual branches to drop.*set drop_path=0"):
        tuned(start=resolve_backbone("vgg11.random"), drop_path=0.1)


def test_a_diverging_training_is_stopped_and_says_where(tuned):
    with pytest.raises(
        TuningError, match=r"the loss is nan in step 1 of epoch 1 at learning rate 0\.000.*smaller"
    ):
        tuned(std=(1e-44, 1e-44, 1e-44))


def test_without_watched_rows_there_is_no_auc(tuned, toy):
    data = toy()
    data.inner[:] = False
    assert np.isnan(tuned(data, mode="head", epochs=1).curve[0].inner_auc)
