import dataclasses
import json

import numpy as np
import pytest
import torch
from timm.layers import DropPath

from automl_skin.backbones.catalogue import at_size, backbone_from_folder, resolve_backbone
from automl_skin.backbones.network import (
    CPU_BATCH,
    embed,
    load_network,
    network_digest,
    save_network,
    weights_digest,
)
from automl_skin.errors import BackboneError, ConfigError

NETWORKS = ["test_resnet.random", "test_byobnet.random", "mobilenetv3_small_050.random", "test_vit.random"]
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _one_core():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def backbone():
    return resolve_backbone("test_resnet.random")


@pytest.fixture(scope="module")
def network(backbone):
    return load_network(backbone)


def pictures(n, height=32, width=32):
    return np.random.default_rng(0).integers(0, 256, (n, height, width, 3), dtype=np.uint8)


def embedded(backbone, network, images, precision="float32", views=1):
    return embed(
        network,
        images,
        mean=backbone.mean,
        std=backbone.std,
        views=views,
        device=CPU,
        precision=precision,
    )


def test_an_embedding_is_what_the_classifier_would_see(backbone, network):
    images = pictures(3)
    x = torch.from_numpy(images).permute(0, 3, 1, 2).double() / 255
    x = (x - torch.tensor(backbone.mean)[:, None, None]) / torch.tensor(backbone.std)[:, None, None]
    with torch.no_grad():
        expected = network.forward_head(network.forward_features(x.float()), pre_logits=True)
    found = embedded(backbone, network, images)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.std().item())


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_alone_in_a_batch_and_in_another_place_are_the_same(name, precision):
    backbone = resolve_backbone(name)
    network = load_network(backbone)
    images = pictures(
        9, backbone.height if backbone.fixed_size else 32, backbone.width if backbone.fixed_size else 32
    )
    together = embedded(backbone, network, images, precision)
    tolerance = 1e-4 * together.std()
    alone = np.concatenate([embedded(backbone, network, images[i : i + 1], precision) for i in (0, 4, 8)])
    np.testing.assert_allclose(alone, together[[0, 4, 8]], rtol=0, atol=tolerance)
    reversed_order = embedded(backbone, network, images[::-1], precision)[::-1]
    np.testing.assert_allclose(reversed_order, together, rtol=0, atol=tolerance)


@pytest.mark.parametrize("n_images", [0, 1, 9])
def test_a_network_sees_batches_of_one_shape(n_images, backbone, network):
    seen = []
    first = next(each for each in network.modules() if isinstance(each, torch.nn.Conv2d))
    hook = first.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    try:
        assert len(embedded(backbone, network, pictures(9)[:n_images])) == n_images
    finally:
        hook.remove()
    assert set(seen) == {CPU_BATCH}


def test_bfloat16_is_close_to_float32(backbone, network):
    exact, rounded = (embedded(backbone, network, pictures(8), p) for p in ("float32", "bfloat16"))
    assert 0 < np.sqrt(np.mean((exact - rounded) ** 2)) / exact.std() < 0.05


def test_eight_views_do_not_depend_on_how_the_camera_was_held(backbone, network):
    images = pictures(2)
    turned = np.ascontiguousarray(np.rot90(images, axes=(1, 2)))
    expected = embedded(backbone, network, images, views=8)
    np.testing.assert_allclose(embedded(backbone, network, turned, views=8), expected, rtol=0, atol=1e-4)
    assert not np.allclose(
        embedded(backbone, network, turned), embedded(backbone, network, images), atol=1e-3
    )


def test_no_images_give_no_rows_of_the_right_length(backbone, network):
    assert embedded(backbone, network, pictures(0)).shape == (0, network.num_features)


def test_a_saved_network_comes_back_bit_by_bit(backbone, network, tmp_path):
    save_network(backbone, network, tmp_path / "bundled")
    again = backbone_from_folder(tmp_path / "bundled", backbone.name)
    loaded = load_network(again)
    assert weights_digest(loaded) == weights_digest(network)
    assert network_digest(again, loaded) == network_digest(backbone, network)
    same = {f.name for f in dataclasses.fields(backbone)} - {"weights", "folder"}
    assert all(getattr(again, name) == getattr(backbone, name) for name in same)
    assert np.array_equal(embedded(again, loaded, pictures(2)), embedded(backbone, network, pictures(2)))


def test_arguments_of_the_architecture_come_along_and_are_in_the_digest(tmp_path):
    plain = resolve_backbone("mobilenetv3_small_050.random")
    save_network(plain, load_network(plain), tmp_path / "plain")
    save_network(
        dataclasses.replace(plain, model_args=json.dumps({"pad_type": "same"})),
        load_network(plain),
        tmp_path / "same",
    )
    one, other = (backbone_from_folder(tmp_path / name) for name in ("plain", "same"))
    first, second = load_network(one), load_network(other)
    assert weights_digest(first) == weights_digest(second)
    assert network_digest(one, first) != network_digest(other, second)
    assert not np.allclose(embedded(one, first, pictures(1)), embedded(other, second, pictures(1)))


def test_the_digest_sees_one_changed_weight(backbone):
    network = load_network(backbone)
    before = weights_digest(network)
    assert weights_digest(network.to(memory_format=torch.contiguous_format)) == before
    next(network.parameters()).view(-1)[0] += 1e-3
    assert weights_digest(network) != before


def test_truncated_weights_are_named(backbone, network, tmp_path):
    save_network(backbone, network, tmp_path)
    file = tmp_path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(BackboneError, match="expected whole weights that fit test_resnet"):
        load_network(backbone_from_folder(tmp_path))


def test_weights_of_another_architecture_are_named(backbone, network, tmp_path):
    save_network(dataclasses.replace(backbone, architecture="test_vit"), network, tmp_path)
    with pytest.raises(BackboneError, match="expected whole weights that fit test_vit"):
        load_network(backbone_from_folder(tmp_path))


def test_branches_are_dropped_in_training_alone(backbone, network, tmp_path):
    save_network(backbone, network, tmp_path)
    images = torch.ones(2, 3, 32, 32)
    for start in (backbone, backbone_from_folder(tmp_path)):
        dropping = load_network(start, drop_path=0.9)
        assert weights_digest(dropping) == weights_digest(network)
        assert torch.equal(dropping(images), network(images))
        shares = [module.drop_prob for module in dropping.modules() if isinstance(module, DropPath)]
        assert max(shares) == pytest.approx(0.9)


def test_an_architecture_without_branches_is_named():
    with pytest.raises(ConfigError, match=r"vgg11 has no residual branches to drop, and drop_path is 0\.1"):
        load_network(resolve_backbone("vgg11.random"), drop_path=0.1)


# timm's interpolation of what weights know of places
@pytest.mark.filterwarnings("ignore:torch.searchsorted:UserWarning", "ignore:Using a non-tuple:UserWarning")
def test_a_kept_network_of_one_size_is_built_for_another_and_kept_again(tmp_path):
    start = resolve_backbone("coatnet_pico_rw_224.random")  # test_vit takes any size
    save_network(start, load_network(start), tmp_path / "kept")
    other = at_size(backbone_from_folder(tmp_path / "kept"), 64, 96)
    network = load_network(other)
    save_network(other, network, tmp_path / "again")
    again = backbone_from_folder(tmp_path / "again")
    assert (again.height, again.width, again.model_args) == (64, 96, other.model_args)
    images = pictures(2, 64, 96)
    expected = embedded(other, network, images)
    np.testing.assert_array_equal(embedded(again, load_network(again), images), expected)
