import torch

from automl_skin.heads.neural.metanet import MetanetGate


def make_gate(n_layers):
    return MetanetGate(4, 6, n_layers=n_layers, width=5, generator=torch.Generator().manual_seed(0))


def test_gating_pooled_channels_is_gating_before_the_average():
    gate, metadata = make_gate(2), torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    maps = torch.randn(3, 6, 7, 7, generator=torch.Generator().manual_seed(2))
    factors = gate(torch.ones(3, 6), metadata)
    before = (maps * factors[:, :, None, None]).mean(dim=(2, 3))
    assert torch.allclose(gate(maps.mean(dim=(2, 3)), metadata), before, atol=1e-6)


def test_number_of_layers_and_their_widths():
    shapes = [tuple(layer.weight.shape) for layer in make_gate(3).layers]
    assert shapes == [(5, 4), (5, 5), (6, 5)]
    assert [tuple(layer.weight.shape) for layer in make_gate(1).layers] == [(6, 4)]
