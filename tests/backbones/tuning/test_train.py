import dataclasses

import numpy as np
import pytest
import torch

from automl_skin.backbones.network import embed, load_network, weights_digest
from automl_skin.backbones.tuning.checkpoint import CHECKPOINT
from automl_skin.backbones.tuning.optimiser import stages
from automl_skin.backbones.tuning.train import tune
from automl_skin.errors import ConfigError

MODES = pytest.mark.parametrize("mode", ["head", "partial", "full", "joint"])


def digests(outcome):
    return weights_digest(outcome.network), [a.tobytes() for a in outcome.head.to_arrays().values()]


@MODES
def test_every_mode_learns_repeats_and_says_so(mode, tuned, toy, backbone):
    before, reported = torch.get_rng_state(), []
    first = tuned(mode=mode, epochs=3, progress=reported.append)
    assert torch.equal(torch.get_rng_state(), before)
    second = tuned(mode=mode, epochs=3)
    assert digests(first) == digests(second)
    losses = [epoch.loss for epoch in first.curve]
    assert losses[-1] < losses[0]
    assert losses == [epoch.loss for epoch in second.curve]
    assert first.curve == tuple(reported)
    assert [epoch.number for epoch in reported] == [1, 2, 3]
    assert reported[-1].seconds_left == 0 < reported[0].seconds_left
    assert first.curve[-1].inner_auc > 0.9
    head = first.head
    assert (head.n_classes, head.n_dimensions, head.n_metadata) == (3, 96, 4 if mode == "joint" else 0)
    assert not first.network.training
    assert not any(parameter.requires_grad for parameter in first.network.parameters())


@MODES
def test_another_seed_gives_another_head(mode, tuned):
    one, other = (tuned(mode=mode, epochs=1, seed=seed) for seed in (1, 2))
    assert not np.array_equal(one.head.weight, other.head.weight)


def changed(outcome, start):
    """Return the names of the weights and statistics that have moved."""
    before = load_network(start).state_dict()
    return {
        name for name, tensor in outcome.network.state_dict().items() if not torch.equal(tensor, before[name])
    }


def test_head_leaves_the_network_as_it_was(tuned, backbone):
    assert changed(tuned(mode="head"), backbone) == set()


def test_partial_leaves_the_first_stages_as_they_were(tuned, backbone):
    network = load_network(backbone)
    early = {name for stage in stages(network)[:-2] for name in stage}
    layers = {name.rpartition(".")[0] for name in early}
    moved = changed(tuned(mode="partial", epochs=1), backbone)
    assert {name for name in moved if name.rpartition(".")[0] in layers} == set()
    late = {name for name, _ in network.named_parameters()} - early
    assert late <= moved


@pytest.mark.parametrize("mode", ["full", "joint"])
def test_the_head_without_torch_agrees_with_the_watched_auc(mode, tuned, toy, backbone):
    data, outcome = toy(), tuned(mode=mode)
    embedding = embed(
        outcome.network,
        data.pixels[data.watched],
        mean=backbone.mean,
        std=backbone.std,
        device=torch.device("cpu"),
        precision="float32",
    )
    logits = outcome.head.logits(embedding, data.metadata[data.watched])
    powers = np.exp(logits)
    score = powers[:, 1:].sum(axis=1) / powers.sum(axis=1)
    positive = data.target_of[data.labels[data.watched]] == 1
    auc = np.mean(score[positive][:, None] > score[~positive][None])
    assert outcome.curve[-1].inner_auc == pytest.approx(auc, abs=1e-6)


def test_nothing_is_learnt_from_noise(tuned, noise):
    outcome = tuned(data=noise, mode="partial", epochs=2, learning_rate=1e-4)
    assert 0.2 < outcome.curve[-1].inner_auc < 0.8
    assert outcome.curve[-1].loss > 0.8


@MODES
def test_a_continued_tuning_is_the_uninterrupted_one(mode, tuned, tmp_path):
    def kill(epoch):
        raise KeyboardInterrupt("killed")

    options = {"mode": mode, "epochs": 3, "ema": 0.9, "drop_path": 0.3}
    whole = tuned(**options)
    with pytest.raises(KeyboardInterrupt, match="killed"):
        tuned(**options, folder=tmp_path, progress=kill)
    reported = []
    continued = tuned(**options, folder=tmp_path, progress=reported.append)
    assert [epoch.number for epoch in reported] == [2, 3]
    assert digests(continued) == digests(whole)
    assert [epoch.loss for epoch in continued.curve] == [epoch.loss for epoch in whole.curve]
    assert digests(tuned(**options, folder=tmp_path)) == digests(whole)


def test_a_checkpoint_of_another_tuning_is_not_gone_on_with(tuned, tmp_path, caplog):
    tuned(mode="head", epochs=1, folder=tmp_path)
    other = tuned(mode="head", epochs=1, seed=5, folder=tmp_path)
    assert "is of another tuning" in caplog.text
    assert digests(other) == digests(tuned(mode="head", epochs=1, seed=5))


def test_a_damaged_checkpoint_is_said_and_replaced(tuned, tmp_path, caplog):
    whole = tuned(mode="head", epochs=1, folder=tmp_path)
    file = tmp_path / CHECKPOINT
    file.write_bytes(file.read_bytes()[:1000])
    assert digests(tuned(mode="head", epochs=1, folder=tmp_path)) == digests(whole)
    assert "is damaged" in caplog.text


def test_what_does_not_go_together_is_named(tuned, toy, backbone):
    data = toy()
    with pytest.raises(ConfigError, match=r"wise=0.5 mixes .* test_resnet.random has none"):
        tuned(wise=0.5)
    with pytest.raises(ConfigError, match="mode=joint trains on metadata and got none"):
        tuned(dataclasses.replace(data, metadata=None), mode="joint")
    with pytest.raises(ConfigError, match="patience=1 needs watched rows of two target classes, got 0"):
        tuned(dataclasses.replace(data, inner=np.zeros(len(data.labels), bool)), patience=1)
    assert tune is not None
