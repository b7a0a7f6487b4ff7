"""Networks that metadata enter: saved, loaded, applied."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from automl_skin.backbones.catalogue import backbone_from_folder, resolve_backbone
from automl_skin.backbones.network import embed, load_network, network_digest, save_network
from automl_skin.backbones.spatial.catalogue import add_metadata
from automl_skin.errors import BackboneError

N_METADATA = 4
SPATIAL = {"fusion": "cross_attention", "n_metadata": N_METADATA, "settings": {}}


@pytest.fixture
def made():
    start = resolve_backbone("resnet10t.random")
    network = add_metadata(load_network(start), seed=3, **SPATIAL)
    return replace(start, spatial=json.dumps(SPATIAL)), network


def embedded(network, images, metadata):
    scale = {"mean": (0.5, 0.5, 0.5), "std": (0.2, 0.2, 0.2)}
    device = torch.device("cpu")
    return embed(network, images, **scale, views=4, device=device, precision="float32", metadata=metadata)


def rows(n=3):
    drawn = np.random.default_rng(0)
    images = drawn.integers(0, 256, (n, 32, 64, 3), dtype=np.uint8)
    return images, drawn.standard_normal((n, N_METADATA)).astype(np.float32)


def test_a_saved_network_is_the_same(made, tmp_path):
    backbone, network = made
    save_network(backbone, network, tmp_path / "kept")
    again = backbone_from_folder(tmp_path / "kept")
    loaded = load_network(again)
    assert not loaded.training
    assert network_digest(again, loaded) == network_digest(backbone, network)
    images, metadata = rows()
    found, expected = (embedded(each, images, metadata) for each in (loaded, network))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_the_digest_knows_the_fusion(made):
    backbone, network = made
    other = replace(backbone, spatial=json.dumps({**SPATIAL, "encoder": {}}))
    assert network_digest(backbone, network) != network_digest(other, network)


def test_rows_are_those_of_the_images(made):
    _, network = made
    images, metadata = rows()
    together = embedded(network, images, metadata)
    for position in range(len(images)):
        some = slice(position, position + 1)
        alone = embedded(network, images[some], metadata[some])
        np.testing.assert_allclose(alone, together[some], rtol=1e-4, atol=1e-5)


def test_weights_that_do_not_fit_are_refused(made, tmp_path):
    backbone, network = made
    save_network(backbone, network, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["spatial"]["n_metadata"] = N_METADATA + 1
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(BackboneError, match="expected whole weights that fit resnet10t"):
        load_network(backbone_from_folder(tmp_path))
