import logging
import os
import time
from dataclasses import replace

import numpy as np
import pytest

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.network import load_network, save_network, weights_digest
from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.backbones.tuning.tuned_head import TunedHead
from automl_skin.embeddings.key import TunedOn
from automl_skin.embeddings.networks import CHECKPOINTS, NetworkStore, tuning_state
from automl_skin.embeddings.tuned_folder import write_curve
from automl_skin.embeddings.tuning_key import TuningKey

KEY = TuningKey("n", "r", TuningRecipe(), TunedOn("p", (2,)), "l", "", "float32", 0, 1)
BACKBONE = resolve_backbone("test_resnet.random")
ABOUT = {"backbone": BACKBONE.name, "target_of": [0, 1, 1]}
CURVE = [Epoch(1, 1, 0.5, 0.75, 100.0, 1.0, 0.0)]


@pytest.fixture
def store(tmp_path):
    return NetworkStore(tmp_path / "networks")


def train(store, key=KEY):
    network = load_network(BACKBONE)
    head = TunedHead(np.ones((3, 4), np.float32), np.zeros(3, np.float32))
    with store.holding(key):
        folder = store.begin(key, ABOUT)
        (folder / CHECKPOINTS).mkdir()
        (folder / CHECKPOINTS / "1.pt").write_bytes(b"half")
        (folder / ".writing-abc").write_bytes(b"half")
        (folder / "seen").write_text("3")
        write_curve(folder, CURVE)
        save_network(BACKBONE, network, folder)
        head.save(folder)
        return store.finish(key), weights_digest(network)


@pytest.mark.parametrize(
    "change",
    [
        {"network": "x"},
        {"recipe": "x"},
        {"tuning": TuningRecipe(epochs=4)},
        {"tuned_on": TunedOn("x", (2,))},
        {"tuned_on": TunedOn("p", (3,))},
        {"labels": "x"},
        {"metadata": "x"},
        {"precision": "bfloat16"},
        {"seed": 1},
    ],
)
def test_what_decides_the_weights_tells_keys_apart(change):
    assert replace(KEY, **change).digest != KEY.digest


def test_a_network_of_a_machine_with_other_cores_is_found():
    assert replace(KEY, threads=7).digest == KEY.digest


def test_an_empty_store_has_nothing_and_makes_nothing(store):
    assert store.find(KEY) is None
    assert store.failure(KEY) is None
    assert store.list() == ()
    assert not store.folder.exists()


def test_what_was_trained_is_found(store):
    trained, weights = train(store)
    found = store.find(KEY)
    assert found == trained
    assert weights_digest(load_network(found.backbone)) == weights
    assert found.backbone.name == BACKBONE.name
    assert found.backbone.weights == "folder"
    assert found.head.n_classes == 3
    assert found.curve == tuple(CURVE)
    assert found.tuned_on == KEY.tuned_on
    assert found.target_of == (0, 1, 1)
    assert store.failure(KEY) is None
    assert store.find(replace(KEY, seed=1)) is None


def test_what_is_finished_holds_no_left_overs(store):
    trained, _ = train(store)
    names = {path.name for path in trained.path.iterdir()}
    assert names == {
        "key.json", "config.json", "model.safetensors", "head.safetensors", "curve.csv", "digests.json"
    }  # fmt: skip
    assert not store.training(KEY).exists()


def test_what_is_being_trained_is_not_found_and_goes_on(store):
    with store.holding(KEY):
        (store.begin(KEY, ABOUT) / "checkpoint").write_bytes(b"first epoch")
    assert store.find(KEY) is None
    assert [tuning_state(entry) for entry in store.list()] == ["unfinished"]
    with store.holding(KEY):
        assert (store.begin(KEY, ABOUT) / "checkpoint").read_bytes() == b"first epoch"


@pytest.mark.parametrize("name", ["model.safetensors", "head.safetensors", "key.json", "curve.csv"])
def test_a_damaged_network_is_said_and_set_aside(store, caplog, name):
    trained, _ = train(store)
    path = trained.path / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with caplog.at_level(logging.WARNING):
        assert store.find(KEY) is None
    assert f"{name} was changed" in caplog.text
    assert "tuned again" in caplog.text
    assert [tuning_state(entry) for entry in store.list()] == ["damaged"]
    train(store)
    assert store.find(KEY) is not None


@pytest.mark.parametrize("name", ["model.safetensors", "digests.json"])
def test_a_missing_file_is_damage(store, name):
    trained, _ = train(store)
    (trained.path / name).unlink()
    assert store.find(KEY) is None


def test_a_file_too_many_is_damage(store):
    trained, _ = train(store)
    (trained.path / "model.py").write_text("print()")
    assert store.find(KEY) is None


def test_a_failure_is_remembered_until_it_is_pruned(store):
    with store.holding(KEY):
        folder = store.begin(KEY, ABOUT)
        write_curve(folder, CURVE)
        assert store.curve(KEY) == tuple(CURVE)
        store.fail(KEY, "the loss diverged")
    assert store.curve(KEY) == tuple(CURVE)
    assert store.find(KEY) is None
    assert store.failure(KEY) == "the loss diverged"
    assert store.failure(replace(KEY, seed=1)) is None
    assert [tuning_state(entry) for entry in store.list()] == ["failed"]
    store.prune(digest=KEY.digest[:12])
    assert store.failure(KEY) is None


def test_the_list_names_what_is_there(store):
    train(store)
    (entry,) = store.list()
    assert (entry.digest, tuning_state(entry), entry.key["backbone"]) == (KEY.digest, "whole", BACKBONE.name)
    assert entry.key["tuned_on"] == {"plan_digest": "p", "held_out_folds": [2]}
    assert entry.size_bytes > 100_000


def test_prune_by_age_keeps_what_was_used_lately(store):
    other = replace(KEY, seed=1)
    for key in (KEY, other):
        trained, _ = train(store, key)
        long_ago = time.time() - 10 * 86_400
        os.utime(trained.path / "key.json", (long_ago, long_ago))
    store.find(KEY)
    assert [entry.digest for entry in store.prune(older_than_days=5)] == [other.digest]
    assert store.find(KEY) is not None


def test_prune_leaves_what_is_being_trained(store, caplog):
    with store.holding(KEY), caplog.at_level(logging.WARNING):
        store.begin(KEY, ABOUT)
        assert store.prune(everything=True) == ()
    assert "was left" in caplog.text
    assert len(store.prune(everything=True)) == 1


def test_networks_of_different_kinds_of_photograph_have_keys_of_their_own():
    assert len({replace(KEY, role=role).digest for role in ("", "close-up", "dermoscopic")}) == 3
