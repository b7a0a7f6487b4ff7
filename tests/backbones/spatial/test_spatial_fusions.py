"""Spatial fusions: metadata enter the network before it is pooled."""

import pytest
import timm
import torch

from automl_skin.backbones.random_weights import draw_weights
from automl_skin.backbones.spatial.catalogue import SPATIAL_FUSIONS, add_metadata, is_spatial
from automl_skin.backbones.spatial.features import channels_of, tokens_of
from automl_skin.errors import ConfigError

N_METADATA = 5


def trunk(architecture="resnet10t", **arguments):
    network = timm.create_model(architecture, pretrained=False, num_classes=0, **arguments)
    draw_weights(network, 0)
    return network.eval()


def coatnet():
    """A CoAtNet so small that a test can train it."""
    return trunk("coatnet_pico_rw_224", img_size=(64, 64), embed_dim=(32, 32, 64, 128), stem_width=8)


def network_of(fusion, seed=0):
    return add_metadata(coatnet() if fusion == "metaformer" else trunk(), fusion, N_METADATA, seed)


def inputs(n=3):
    drawn = torch.Generator().manual_seed(0)
    return torch.randn(n, 3, 64, 64, generator=drawn), torch.randn(n, N_METADATA, generator=drawn)


@pytest.fixture(params=SPATIAL_FUSIONS)
def network(request):
    return network_of(request.param)


def test_both_inputs_decide(network):
    images, metadata = inputs()
    with torch.inference_mode():
        embedding = network.embed(images, metadata)
        other_metadata = network.embed(images, metadata.flip(0))
        other_images = network.embed(images.flip(0), metadata)
    assert embedding.ndim == 2
    assert len(embedding) == 3
    for other in (other_metadata, other_images):
        assert (embedding - other).abs().amax(dim=1)[0] > 1e-4


def test_gradients_reach_both_inputs_and_all_that_was_added(network):
    images, metadata = inputs()
    images.requires_grad_()
    metadata.requires_grad_()
    network.embed(images, metadata).square().sum().backward()
    assert images.grad.abs().sum() > 0
    assert metadata.grad.abs().sum() > 0
    added = {name: p.grad for name, p in network.named_parameters() if not name.startswith("trunk")}
    assert added
    assert all(gradient is not None and gradient.isfinite().all() for gradient in added.values())


def test_one_image_like_a_batch(network):
    images, metadata = inputs()
    with torch.inference_mode():
        together = network.embed(images, metadata)
        alone = torch.cat([network.embed(images[i : i + 1], metadata[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("fusion", SPATIAL_FUSIONS)
def test_seeds_repeat_and_torch_is_left_alone(fusion):
    images, metadata = inputs()
    first, again = (network_of(fusion) for _ in range(2))
    bare = first.trunk
    before = torch.random.get_rng_state()
    other = add_metadata(bare, fusion, N_METADATA, 1)
    assert torch.equal(torch.random.get_rng_state(), before)
    with torch.inference_mode():
        embedding = first.embed(images, metadata)
        assert torch.equal(embedding, again.embed(images, metadata))
        assert not torch.equal(embedding, other.embed(images, metadata))


@pytest.mark.parametrize("fusion", SPATIAL_FUSIONS)
def test_the_trunk_keeps_its_weights_and_mode(fusion):
    bare = coatnet() if fusion == "metaformer" else trunk()
    state = {name: tensor.clone() for name, tensor in bare.state_dict().items()}
    network = add_metadata(bare, fusion, N_METADATA, 0)
    assert is_spatial(network)
    assert not is_spatial(bare)
    assert not network.training
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.trunk.state_dict().items())


def test_a_gate_before_an_average_pool_is_a_gate_on_the_pooled_embedding():
    network = network_of("metanet_map")
    images, metadata = inputs()
    with torch.inference_mode():
        pooled = network.trunk(images)
        torch.testing.assert_close(network.embed(images, metadata), pooled * network.gate(metadata))


def test_a_gate_before_more_than_an_average_pool_is_not():
    network = add_metadata(trunk("mobilenetv3_small_050"), "metanet_map", N_METADATA, 0)
    images, metadata = inputs()
    with torch.inference_mode():
        embedding = network.embed(images, metadata)
    assert embedding.shape == network.trunk(images).shape
    assert (
        network.gate(metadata).shape[1] != embedding.shape[1]
    )  # the channels of the map, not of the embedding


def test_layers_of_the_gate_halve_towards_the_metadata():
    network = add_metadata(trunk(), "metanet_map", N_METADATA, 0, {"layers": 3})
    assert [layer.out_features for layer in network.layers] == [128, 256, 512]


def test_attention_over_channels_last_and_tokens():
    assert tokens_of(torch.zeros(2, 7, 6, 64), channels_of(torch.zeros(2, 7, 6, 64), 64, "")).shape == (
        2,
        42,
        64,
    )
    assert tokens_of(torch.zeros(2, 64, 7, 6), 1).shape == (2, 42, 64)


def test_without_its_token_metaformer_is_coatnet():
    network = network_of("metaformer")
    images, metadata = inputs()
    for stage in network.metadata.values():
        stage.bias.data[0] = -1e4  # no place attends to the token
    with torch.inference_mode():
        torch.testing.assert_close(
            network.embed(images, metadata), network.trunk(images), rtol=1e-4, atol=1e-5
        )


def test_the_bias_of_the_token():
    stage = next(iter(network_of("metaformer").metadata.values()))
    n_heads = stage.bias.shape[1]
    stage.bias.data = torch.tensor([1.0, 2.0, 3.0])[:, None].repeat(1, n_heads)
    widened = stage.widen(torch.zeros(1, n_heads, 2, 2))
    assert widened[0, 0].tolist() == [[0, 0, 1], [0, 0, 1], [2, 2, 3]]


def test_what_cannot_be_done_is_said():
    with pytest.raises(ConfigError, match=r"metaformer: expected stages of relative attention.*got ResNet"):
        add_metadata(trunk(), "metaformer", N_METADATA, 0)
    with pytest.raises(
        ConfigError, match=r"a spatial fusion: expected one of metanet_map, .*, got 'metafromer'"
    ):
        add_metadata(trunk(), "metafromer", N_METADATA, 0)
    with pytest.raises(ConfigError, match="expected at least one column of metadata"):
        add_metadata(trunk(), "cross_attention", 0, 0)
    with pytest.raises(ConfigError, match=r"64 channels first or last, got the shape \(2, 7\)"):
        channels_of(torch.zeros(2, 7), 64, "a network")
