import pytest
import torch

from automl_skin.heads.neural.engine import Engine
from automl_skin.heads.neural.fusions.metanet import FUSION
from automl_skin.heads.neural.state import module_arrays


def make(**values):
    settings = FUSION.configure(values)
    return Engine(FUSION.layers(settings, 6, 4), torch.Generator().manual_seed(0)), settings


def test_gating_pooled_channels_is_gating_before_the_average():
    engine, settings = make(layers=2)
    metadata = torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    maps = torch.randn(3, 6, 7, 7, generator=torch.Generator().manual_seed(2))
    factors = FUSION.forward(engine, settings, torch.ones(3, 6), metadata).detach()
    before = (maps * factors[:, :, None, None]).mean(dim=(2, 3))
    after = FUSION.forward(engine, settings, maps.mean(dim=(2, 3)), metadata)
    assert torch.allclose(after, before, atol=1e-6)
    assert float(factors.min()) > 0
    assert float(factors.max()) < 1


@pytest.mark.parametrize(
    ("values", "sizes"),
    [
        ({"layers": 1}, [(6, 4)]),
        ({"layers": 3, "width": 8}, [(8, 4), (8, 8), (6, 8)]),
        ({"layers": 3, "shape": "published"}, [(1, 4), (3, 1), (6, 3)]),
    ],
)
def test_number_of_layers_and_their_widths(values, sizes):
    arrays = module_arrays(make(**values)[0])
    assert [array.shape for name, array in arrays.items() if name.endswith("weight")] == sizes
