import torch
from torch import nn

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.network import load_network, weights_digest
from automl_skin.backbones.random_weights import draw_weights, untouched_torch_seed


def test_torch_random_numbers_are_left_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    load_network(resolve_backbone("test_resnet.random"))
    assert torch.equal(torch.rand(3), expected)


def test_the_seed_inside_is_fixed():
    with untouched_torch_seed():
        first = torch.rand(3)
    with untouched_torch_seed():
        assert torch.equal(torch.rand(3), first)


def test_weights_depend_on_the_seed_alone():
    torch.manual_seed(1)
    first = weights_digest(load_network(resolve_backbone("test_resnet.random", seed=5)))
    torch.manual_seed(2)
    assert weights_digest(load_network(resolve_backbone("test_resnet.random", seed=5))) == first
    assert weights_digest(load_network(resolve_backbone("test_resnet.random", seed=6))) != first


def test_weights_are_the_same_on_every_machine():
    network = load_network(resolve_backbone("test_resnet.random"))
    drawn = dict(network.named_parameters())["conv1.0.weight"].flatten()[:3]
    expected = torch.tensor([0.20727065205574036, 0.128242626786232, -0.36252763867378235])
    assert torch.allclose(drawn, expected, rtol=1e-6, atol=0)


def test_he_variance_and_timm_constants():
    layer = nn.Sequential(nn.Conv2d(64, 128, 3), nn.BatchNorm2d(128))
    draw_weights(layer, 0)
    assert abs(layer[0].weight.var().item() * 64 * 9 / 2 - 1) < 0.02
    assert torch.equal(layer[1].weight, torch.ones(128))
    assert torch.equal(layer[0].bias, torch.zeros(128))
