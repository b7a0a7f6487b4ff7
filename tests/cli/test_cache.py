import shutil

import pytest

from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.embeddings.key import TunedOn
from automl_skin.embeddings.networks import NetworkStore
from automl_skin.embeddings.tuning_key import TuningKey

KEY = TuningKey("n", "r", TuningRecipe(), TunedOn("p", (2,)), "l", "", "float32", 0, 1)


@pytest.fixture
def cache(tiny, tmp_path):
    """The cache of the study, and a tuning that failed."""
    folder = tmp_path / "cache"
    shutil.copytree(tiny.workspace.cache / "embeddings", folder / "embeddings")
    store = NetworkStore(folder / "networks")
    with store.holding(KEY):
        store.begin(KEY, {"name": "net@plain@full.without-2", "backbone": "net", "target_of": [0, 1]})
        store.fail(KEY, "the loss diverged")
    return folder


def test_cache_is_listed_and_pruned(cache, end_to_end):
    listed = end_to_end.command("cache", "list", "--cache-dir", cache)
    assert listed.code == 0, listed.errors
    assert "test_resnet.random" in listed.output
    assert "net@plain@full.without-2" in listed.output
    assert "failed" in listed.output
    pruned = end_to_end.command("cache", "prune", "--all", "--cache-dir", cache)
    assert pruned.code == 0, pruned.errors
    assert "Deleted " in pruned.output
    listed = end_to_end.command("cache", "list", "--cache-dir", cache)
    assert "test_resnet" not in listed.output
    assert "net@plain" not in listed.output


def test_a_failed_tuning_is_forgotten_by_its_key(cache, end_to_end):
    pruned = end_to_end.command("cache", "prune", "--key", KEY.digest[:12], "--cache-dir", cache)
    assert pruned.code == 0, pruned.errors
    assert "Deleted 1 entries" in pruned.output
    assert NetworkStore(cache / "networks").failure(KEY) is None
    assert "test_resnet" in end_to_end.command("cache", "list", "--cache-dir", cache).output


def test_an_unknown_key_is_wrong_input(cache, end_to_end):
    ended = end_to_end.command("cache", "prune", "--key", "nothing", "--cache-dir", cache)
    assert ended.code == 2
    assert "expected one cached key that begins with 'nothing', got 0" in ended.errors
