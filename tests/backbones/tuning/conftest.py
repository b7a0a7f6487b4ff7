"""A toy task: one of three channels is darker, and that is the class."""

import dataclasses

import numpy as np
import pytest
import torch

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.tuning.data import TuningData
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.backbones.tuning.train import tune


@pytest.fixture(autouse=True, scope="module")  # before the networks that a module's tests share are tuned
def _one_core():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def backbone():
    return resolve_backbone("test_resnet.random")


@pytest.fixture(scope="session")
def toy():
    """96 images of 32 x 32; the first two diagnoses are told apart by brightness, the target by either."""

    def make(n=96, seed=0, side=32):
        drawn = np.random.default_rng(seed)
        labels = drawn.integers(0, 3, n)
        pixels = drawn.integers(0, 200, (n, side, side, 3), dtype=np.uint8)
        pixels[np.arange(n), :, :, labels] //= 2
        metadata = drawn.normal(size=(n, 4)).astype(np.float32)
        inner = np.arange(n) % 5 == 0
        return TuningData(pixels, labels, 3, inner, np.array([0, 1, 1]), metadata, np.zeros(4, np.float32))

    return make


@pytest.fixture(scope="session")
def tuned(backbone, toy):
    """Tune on the toy task; keywords are of the recipe, or of `tune`."""

    def run(data=None, start=backbone, **values):
        options = {"seed": 1, "device": torch.device("cpu"), "precision": "float32"}
        options |= {"mean": start.mean, "std": start.std, "folder": None, "progress": None}
        options |= {name: values.pop(name) for name in list(values) if name in options}
        recipe = TuningRecipe(
            **{"epochs": 2, "batch_size": 16, "augmentation": "none", "learning_rate": 1e-3, **values}
        )
        return tune(start, recipe, toy() if data is None else data, **options)

    return run


@pytest.fixture(scope="session")
def noise(toy):
    """The toy task with labels that say nothing."""
    data = toy()
    return dataclasses.replace(data, labels=np.random.default_rng(7).permutation(data.labels))
