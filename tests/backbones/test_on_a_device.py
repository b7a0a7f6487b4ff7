"""Stage one on a pretended accelerator: nothing mixes devices, and what each kind of card lacks is not asked for."""

import numpy as np
import pytest
import torch

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.device import resolve_devices, resolve_precision
from automl_skin.backbones.network import GPU_BATCH, begin_passes, embed, load_network
from automl_skin.backbones.tuning.checkpoint import CHECKPOINT
from automl_skin.backbones.tuning.data import TuningData
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.backbones.tuning.train import tune
from automl_skin.errors import ConfigError

BACKBONE = resolve_backbone("test_resnet.random")
SCALE = {"mean": BACKBONE.mean, "std": BACKBONE.std}


def toy(n=48):
    drawn = np.random.default_rng(0)
    labels = np.arange(n) % 2
    pixels = drawn.integers(0, 200, (n, 32, 32, 3), dtype=np.uint8)
    pixels[labels == 1] //= 2
    return TuningData(pixels, labels, 2, np.arange(n) % 5 == 0, np.arange(2))


def train(device, precision, folder=None, **values):
    recipe = TuningRecipe(
        **{"epochs": 2, "batch_size": 16, "augmentation": "light", "learning_rate": 1e-3, **values}
    )
    return tune(BACKBONE, recipe, toy(), seed=1, device=device, precision=precision, folder=folder, **SCALE)


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_tuning_gives_the_weights_of_the_cpu(kind, pretend):
    expected = train(torch.device("cpu"), "float32")
    with pretend(kind) as fake:
        found = train(fake.device(), "float32")
        assert sum(fake.kernels.values()) > 100  # it was computed there
    assert not fake.mixed
    assert found.curve[-1].inner_auc == pytest.approx(expected.curve[-1].inner_auc, abs=0.1)


def test_float16_scales_its_losses_and_learns(tmp_path, pretend):
    with pretend("cuda", bfloat16=False) as fake:
        precision = resolve_precision(fake.device())
        assert precision == "float16"
        found = train(fake.device(), precision, folder=tmp_path)
    assert torch.load(tmp_path / CHECKPOINT, weights_only=True)["scaler"]["scale"] > 1
    assert np.isfinite([epoch.loss for epoch in found.curve]).all()
    start = load_network(BACKBONE).state_dict()
    moved = [not torch.equal(start[name], each) for name, each in found.network.state_dict().items()]
    assert any(moved)
    assert all(each.isfinite().all() for each in found.network.state_dict().values())


def test_cards_of_two_generations_share_a_precision_that_both_have(pretend):
    with pretend("cuda", n_devices=2, bfloat16=(True, False)):
        assert resolve_precision(*resolve_devices(["cuda:0", "cuda:1"])) == "float16"
        assert resolve_precision(*resolve_devices(["cuda:0"])) == "bfloat16"


def test_all_devices_are_looked_for_before_anything_is_computed(pretend):
    with pretend("cuda", n_devices=2), pytest.raises(ConfigError, match=r"'cuda:5'.*'cuda:7'"):
        resolve_devices(["cuda:0", "cuda:5", "cuda:7"])


@pytest.mark.parametrize(("asked", "size"), [(0, GPU_BATCH), (16, 16)])
def test_a_pass_has_as_many_images_as_were_asked_for(asked, size, pretend):
    shapes = []
    with pretend("cuda") as fake:
        network = load_network(BACKBONE).to(fake.device())
        next(network.children()).register_forward_pre_hook(lambda _, inputs: shapes.append(len(inputs[0])))
        images = np.zeros((size + 1, 32, 32, 3), np.uint8)
        passes = begin_passes(fake.device(), asked)
        embed(network, images, device=fake.device(), precision="float32", passes=passes, **SCALE)
    assert shapes == [size, size]


def test_a_small_card_embeds_in_smaller_passes(pretend):
    images = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)

    def embed_on_card(limit_bytes=None):
        with pretend("cuda", limit_bytes=limit_bytes) as fake:
            network, passes = load_network(BACKBONE).to(fake.device()), begin_passes(fake.device())
            found = embed(network, images, device=fake.device(), precision="float32", passes=passes, **SCALE)
        return found, passes.size, fake.peak

    expected, size, peak = embed_on_card()
    assert size == GPU_BATCH
    found, size, _ = embed_on_card(int(0.6 * peak))
    assert size < GPU_BATCH
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
