"""Heat of networks that metadata enter before they are pooled."""

import numpy as np
import pytest
import timm
import torch

from automl_skin.backbones.random_weights import draw_weights
from automl_skin.backbones.spatial.catalogue import SPATIAL_FUSIONS, add_metadata
from automl_skin.errors import ConfigError
from automl_skin.explain.feature_maps import feature_maps
from automl_skin.explain.heat import Looking
from automl_skin.images.recipe import Recipe

N_METADATA = 4
RECIPE = Recipe(64, 64)
DRAWN = np.random.default_rng(0)
PIXELS = DRAWN.integers(0, 255, (3, 64, 64, 3)).astype(np.uint8)
METADATA = DRAWN.normal(size=(3, N_METADATA)).astype(np.float32)
COATNET = {"img_size": (64, 64), "embed_dim": (32, 32, 64, 128), "stem_width": 8}


def network_of(fusion, trunk="test_resnet", **arguments):
    if fusion == "metaformer":
        trunk, arguments = "coatnet_pico_rw_224", COATNET
    network = timm.create_model(trunk, pretrained=False, num_classes=0, **arguments)
    draw_weights(network, 0)
    return add_metadata(network.eval(), fusion, N_METADATA, seed=0)


@pytest.fixture(scope="module", params=SPATIAL_FUSIONS)
def network(request):
    return network_of(request.param)


def directions_of(looking, n=3):
    n_dimensions = looking.embeddings(PIXELS[:1], METADATA[:1]).shape[1]
    drawn = np.random.default_rng(1).normal(size=n_dimensions)
    return np.tile(np.abs(drawn), (n, 1))  # maps of a ResNet are at least 0


def test_grad_cam_is_its_definition(network):
    """Against the gradient of the whole network with respect to what its trunk hands on."""
    looking = Looking(network, RECIPE)
    directions = directions_of(looking)
    heat = looking.heat(PIXELS, directions, metadata=METADATA)
    last = network.trunk.norm if hasattr(network, "metadata") else network.trunk.layer4
    handed_on = []
    hook = last.register_forward_hook(lambda module, given, result: handed_on.append(result))
    embedding = network.embed(looking._views(PIXELS)[0], torch.from_numpy(METADATA))
    hook.remove()
    (maps,) = handed_on
    score = (embedding * torch.from_numpy(directions)).sum()
    alpha = torch.autograd.grad(score, maps)[0].mean(dim=(2, 3), keepdim=True)
    expected = (alpha * maps).sum(dim=1).relu()
    np.testing.assert_allclose(heat, expected.detach(), atol=1e-6)
    assert heat.shape == (3, 2, 2)
    assert np.isfinite(heat).all()
    assert (heat >= 0).all()
    assert (heat > 0).any()


def test_heat_is_of_the_metadata_too(network):
    looking = Looking(network, RECIPE)
    directions = directions_of(looking)
    heat, other = (looking.heat(PIXELS, directions, metadata=each) for each in (METADATA, METADATA[::-1]))
    assert np.abs(heat - other).max() > 1e-4
    np.testing.assert_allclose(heat[1], other[1], atol=1e-6)  # the middle one keeps its own


def test_rows_keep_their_metadata_beyond_what_is_looked_at_together(network):
    looking = Looking(network, RECIPE)
    pixels, metadata = np.repeat(PIXELS, 6, axis=0), np.tile(METADATA, (6, 1))
    heat = looking.heat(pixels, directions_of(looking, 18), metadata=metadata)
    alone = looking.heat(pixels[17:], directions_of(looking, 1), metadata=metadata[17:])
    np.testing.assert_allclose(heat[17:], alone, atol=1e-5)
    both = looking.embeddings(pixels, metadata), looking.embeddings(pixels[17:], metadata[17:])
    np.testing.assert_allclose(both[0][17:], both[1], atol=1e-5)


def test_views_are_turned_back(network):
    looking = Looking(network, RECIPE, views=4)
    directions = directions_of(looking)
    upright = looking.heat(PIXELS, directions, metadata=METADATA)
    turned = looking.heat(PIXELS[:, ::-1, ::-1], directions, metadata=METADATA)
    np.testing.assert_allclose(turned, upright[:, ::-1, ::-1], atol=1e-5)


@pytest.mark.parametrize("fusion", ["metanet_map", "metaformer"])
def test_behind_a_plain_average_cam_is_the_same_and_heat_is_above_the_average(fusion):
    """What is pooled plainly, gated or with metadata inside, adds up to the embedding."""
    network = network_of(fusion)
    looking, cam = (Looking(network, RECIPE, method=name) for name in ("grad-cam", "cam"))
    directions = directions_of(looking)
    average = looking.embeddings(PIXELS, METADATA).mean(axis=0)
    maps = [each.heat(PIXELS, directions, average, METADATA) for each in (looking, cam)]
    np.testing.assert_allclose(*maps, atol=1e-6)
    assert not np.allclose(maps[0], looking.heat(PIXELS, directions, metadata=METADATA))


def test_cam_has_no_place_for_an_attention():
    looking = Looking(network_of("cross_attention"), RECIPE, method="cam")
    with pytest.raises(ConfigError, match=r"plain average of its maps.*use grad-cam"):
        looking.heat(PIXELS, directions_of(looking), metadata=METADATA)


@pytest.mark.parametrize("fusion", ["metanet_map", "cross_attention"])
def test_class_tokens_are_read_from_the_tokens_before_the_last_block(fusion):
    network = network_of(fusion, "test_vit", img_size=64, global_pool="token")
    maps = feature_maps(network, torch.randn(3, 3, 64, 64), torch.from_numpy(METADATA))
    features, gradient = maps.gradient(torch.randn_like(maps.embedding))
    assert features.shape == gradient.shape == (3, 64, 4, 4)
    assert gradient.abs().amax(dim=1).min() > 0


def test_metadata_are_given_to_those_networks_that_they_enter(network):
    looking = Looking(network, RECIPE)
    with pytest.raises(ConfigError, match="expected encoded metadata, got none"):
        looking.heat(PIXELS, directions_of(looking))
    alone = Looking(network.trunk, RECIPE)
    with pytest.raises(ConfigError, match="expected no metadata, got some"):
        alone.embeddings(PIXELS, METADATA)
