"""Fusions whose formula is short enough to be written out once more."""

import numpy as np
import pytest
import torch

from automl_skin.heads.neural.engine import Engine
from automl_skin.heads.neural.fusions import film, gmu, mdnet, metablock, metanet, pacheco, yap

RNG = np.random.default_rng(0)
IMAGE, METADATA = RNG.normal(size=(9, 6)), RNG.normal(size=(9, 4))


def applied(fusion, settings):
    """Return the result, and a function that applies a layer by its name."""
    engine = Engine(fusion.layers(settings, 6, 4), torch.Generator().manual_seed(0)).double().eval()

    def dense(name, values):
        layer = engine.layers[name.replace(".", "/")]
        return values @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()

    return forward(fusion, engine, settings), dense, engine


def forward(fusion, engine, settings):
    with torch.inference_mode():
        return fusion.forward(engine, settings, torch.from_numpy(IMAGE), torch.from_numpy(METADATA)).numpy()


def relu(values):
    return np.maximum(values, 0)


@pytest.mark.parametrize("layers", [1, 2])
def test_film_scales_around_one_and_shifts(layers):
    found, dense, _ = applied(film.FUSION, film.FilmSettings(layers))
    hidden = METADATA if layers == 1 else relu(dense("metadata.0", METADATA))
    assert np.allclose(found, (1 + dense("gamma", hidden)) * IMAGE + dense("beta", hidden), atol=1e-12)


def test_gmu_mixes_by_a_gate_that_sees_both():
    found, dense, _ = applied(gmu.FUSION, gmu.GmuSettings(16))
    gate = 1 / (1 + np.exp(-dense("unit.gate", np.hstack([IMAGE, METADATA]))))
    seen, told = np.tanh(dense("unit.image", IMAGE)), np.tanh(dense("unit.metadata", METADATA))
    assert np.allclose(found, gate * seen + (1 - gate) * told, atol=1e-12)


def test_mdnet_is_the_sum_of_both():
    settings = mdnet.FUSION.configure({"layers": 3, "norm": "layer"})
    found, _, engine = applied(mdnet.FUSION, settings)
    parts = [
        forward(metanet.FUSION, engine, metanet.MetanetSettings(3)),
        forward(metablock.FUSION, engine, metablock.MetablockSettings("layer")),
    ]
    assert (found == parts[0] + parts[1]).all()


def test_yap_embeds_both_twice():
    found, dense, _ = applied(yap.FUSION, yap.YapSettings())
    hidden = relu(dense("embedding.0", np.hstack([IMAGE, METADATA])))
    assert np.allclose(found, relu(dense("embedding.1", hidden)), atol=1e-12)
    assert found.shape == (9, 1024)


def test_pacheco_reduces_the_image_and_leaves_the_metadata():
    found, dense, _ = applied(pacheco.FUSION, pacheco.PachecoSettings(width=3))
    reduced = relu(dense("reducer", IMAGE) / np.sqrt(1 + 1e-5))
    assert np.allclose(found, np.hstack([reduced, METADATA]), atol=1e-12)
