import numpy as np
import pytest
import timm
import torch

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.network import load_network
from automl_skin.errors import ConfigError
from automl_skin.explain.feature_maps import feature_maps
from automl_skin.explain.heat import Looking
from automl_skin.images.recipe import Recipe


def network_of(name):
    return load_network(resolve_backbone(name, None, "random", 0))


@pytest.fixture(scope="module")
def resnet():
    return network_of("test_resnet")


RECIPE = Recipe(64, 96)
PIXELS = np.random.default_rng(0).integers(0, 255, (3, 64, 96, 3)).astype(np.uint8)


def to_one_direction(n_dimensions, seed=0, n=3):
    return np.tile(np.random.default_rng(seed).normal(size=n_dimensions), (n, 1))


def test_grad_cam_is_its_definition(resnet):
    """Against torch's own gradient of the whole, one image at a time."""
    direction = torch.randn(96, generator=torch.Generator().manual_seed(1))
    looking = Looking(resnet, RECIPE)
    heat = looking.heat(PIXELS, np.tile(direction.numpy(), (3, 1)))
    for image, found in zip(looking._views(PIXELS)[0], heat, strict=True):
        maps = resnet.forward_features(image[None]).requires_grad_()
        score = (resnet.forward_head(maps, pre_logits=True) @ direction).sum()
        score.backward()
        expected = (maps.grad.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1).relu()
        np.testing.assert_allclose(found, expected[0].detach(), atol=1e-6)


def test_cam_and_grad_cam_are_one_behind_a_plain_average(resnet):
    gradient = to_one_direction(96)
    maps = [Looking(resnet, RECIPE, method=name).heat(PIXELS, gradient) for name in ("cam", "grad-cam")]
    np.testing.assert_allclose(*maps, atol=1e-6)
    assert maps[0].shape == (3, 2, 3)
    assert (maps[0] >= 0).all()
    assert (maps[0] > 0).any()


def test_all_places_together_speak_for_the_class(resnet):
    """Without the relu, heat adds up to the score of the embedding."""
    direction = np.abs(to_one_direction(96))  # maps of a resnet are at least 0
    looking = Looking(resnet, RECIPE)
    heat = looking.heat(PIXELS, direction)
    score = (looking.embeddings(PIXELS) * direction).sum(axis=1)
    np.testing.assert_allclose(heat.sum(axis=(1, 2)), score, rtol=1e-4)


def test_standardised_maps_are_maps_above_the_average(resnet):
    direction = to_one_direction(96)
    looking = Looking(resnet, RECIPE)
    average = looking.embeddings(PIXELS).mean(axis=0)
    heat = looking.heat(PIXELS, direction, average)
    images = looking._views(PIXELS)[0]
    maps = resnet.forward_features(images) - torch.from_numpy(average)[:, None, None]
    expected = (torch.from_numpy(direction).float()[:, :, None, None] / 6 * maps).sum(dim=1).relu()
    np.testing.assert_allclose(heat, expected.detach(), atol=1e-5)
    assert not np.allclose(heat, looking.heat(PIXELS, direction))


@pytest.mark.parametrize("name", ["test_resnet", "test_convnext", "test_efficientnet", "test_vit"])
def test_every_layout_becomes_maps(name):
    network = network_of(name)
    size = (160, 160) if name == "test_vit" else (64, 96)
    images = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    maps = feature_maps(network, images)
    features, gradient = maps.gradient(torch.randn_like(maps.embedding))  # a norm's mean has none
    assert features.shape == gradient.shape
    assert features.ndim == 4
    assert gradient.abs().max() > 0
    assert features.shape[2] * size[1] == features.shape[3] * size[0]


def test_maps_that_have_channels_last():
    network = timm.create_model("swin_tiny_patch4_window7_224", num_classes=0, depths=(1, 1), embed_dim=24)
    maps = feature_maps(network.eval(), torch.zeros(1, 3, 224, 224))
    assert maps.gradient(torch.ones_like(maps.embedding))[0].shape == (1, 48, 28, 28)


def test_four_views_are_turned_back(resnet):
    gradient = to_one_direction(96)
    looking = Looking(resnet, RECIPE, views=4)
    upright, turned = looking.heat(PIXELS, gradient), looking.heat(PIXELS[:, ::-1, ::-1], gradient)
    np.testing.assert_allclose(turned, upright[:, ::-1, ::-1], atol=1e-5)


def test_eight_views_are_turned_back(resnet):
    pixels = PIXELS[:, :, :64]
    gradient = to_one_direction(96)
    looking = Looking(resnet, Recipe(64, 64), views=8)
    upright = looking.heat(pixels, gradient)
    transposed = looking.heat(pixels.transpose(0, 2, 1, 3), gradient)
    np.testing.assert_allclose(transposed, upright.transpose(0, 2, 1), atol=1e-5)
    assert not np.allclose(upright, upright.transpose(0, 2, 1))


def test_cam_needs_a_plain_average():
    network = network_of("mobilenetv3_small_050")
    with pytest.raises(ConfigError, match="plain average of its maps"):
        Looking(network, RECIPE, method="cam").heat(PIXELS[:1], to_one_direction(1024, n=1))


def test_methods_are_named(resnet):
    with pytest.raises(ConfigError, match=r"one of grad-cam, cam, got 'camera'"):
        Looking(resnet, RECIPE, method="camera")


class Unplaced(torch.nn.Module):
    num_features = 5

    def forward_features(self, images):
        return images.new_zeros(len(images), 7, 5)

    def forward_head(self, features, *, pre_logits):
        return features.mean(dim=1)


def test_tokens_without_places_are_refused():
    with pytest.raises(
        ConfigError, match=r"Unplaced: expected tokens that are places of the image .*, got 7"
    ):
        feature_maps(Unplaced(), torch.zeros(1, 3, 64, 64))
