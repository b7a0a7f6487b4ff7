import numpy as np
import pytest
import torch

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.device import resolve_device
from automl_skin.backbones.network import embed, load_network, save_network, weights_digest
from automl_skin.backbones.tuning.optimiser import stages
from automl_skin.errors import BackboneError
from automl_skin.papers.networks.plain_cnn import PlainCnn


def test_goes_by_name_with_random_weights_that_repeat():
    backbone = resolve_backbone("plain_cnn.random", seed=3)
    assert (backbone.height, backbone.width, backbone.weights) == (128, 128, "random")
    first, again = (load_network(resolve_backbone("plain_cnn.random", seed=3)) for _ in range(2))
    assert weights_digest(first) == weights_digest(again)
    assert weights_digest(first) != weights_digest(load_network(resolve_backbone("plain_cnn.random", seed=4)))


def test_there_are_no_weights_to_fetch():
    with pytest.raises(BackboneError, match="no pretrained weights for 'plain_cnn'"):
        resolve_backbone("plain_cnn")


@pytest.mark.parametrize("size", [(128, 128), (32, 32), (40, 100)])
def test_images_of_any_size_become_128_values(size):
    images = np.random.default_rng(0).integers(0, 256, (3, *size, 3)).astype(np.uint8)
    network = load_network(resolve_backbone("plain_cnn.random"))
    values = embed(
        network,
        images,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        device=resolve_device("cpu"),
        precision="float32",
    )
    assert values.shape == (3, 128)
    assert (values[0] != values[1]).any()


def test_at_its_own_size_nothing_is_pooled_twice():
    network = PlainCnn(num_classes=2).eval()
    with torch.inference_mode():
        features = network.forward_features(torch.rand(1, 3, 128, 128))
        assert features.shape == (1, 128, 16, 16)
        flat = torch.relu(network.hidden(features.flatten(1)))
        assert torch.equal(network.forward_head(features, pre_logits=True), flat)
        assert torch.equal(network.last(flat), network.forward_head(features))


def test_its_stages_stand_in_their_order_and_it_comes_back_from_disk(tmp_path):
    network = PlainCnn(num_classes=0)
    layers = [names[0].rpartition(".")[0] for names in stages(network)]
    assert layers == ["features.0.0", "features.1.0", "features.2.0", "hidden"]
    backbone = resolve_backbone("plain_cnn.random")
    save_network(backbone, load_network(backbone), tmp_path / "plain")
    back = load_network(resolve_backbone("plain", tmp_path))
    assert weights_digest(back) == weights_digest(load_network(backbone))
