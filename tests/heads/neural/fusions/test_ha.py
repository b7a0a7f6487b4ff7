import torch

from automl_skin.heads.neural.engine import Engine
from automl_skin.heads.neural.fusions.ha import FUSION, N_DROPOUTS
from automl_skin.heads.neural.layers import Dense


def test_layers_are_those_of_the_winners():
    layers = FUSION.layers(FUSION.settings(), 1280, 20)
    dense = [(layer.n_in, layer.n_out) for layer in layers.values() if isinstance(layer, Dense)]
    assert dense == [(20, 512), (512, 128)]
    assert FUSION.n_out(FUSION.settings(), 1280, 20) == 1408
    assert FUSION.head == {"layers": 0}


def test_scores_of_the_mean_are_the_mean_of_the_scores():
    engine = Engine({"last": Dense(30, 4)}, torch.Generator().manual_seed(0))
    values = torch.randn(20, 30, generator=torch.Generator().manual_seed(1))
    engine.generator.manual_seed(2)
    ours = engine.dense("last", engine.drop(values, 0.5, times=N_DROPOUTS))
    engine.generator.manual_seed(2)
    kept = torch.rand((N_DROPOUTS, 20, 30), generator=engine.generator) >= 0.5
    theirs = torch.stack([engine.dense("last", values * each / 0.5) for each in kept]).mean(dim=0)
    assert torch.allclose(ours, theirs, atol=1e-6)


def test_dropping_changes_training_alone():
    settings = FUSION.configure({"hidden": 64, "width": 32})
    engine = Engine(FUSION.layers(settings, 6, 4), torch.Generator().manual_seed(0))
    image, metadata = torch.ones(8, 6), torch.ones(8, 4)
    first, second = (FUSION.forward(engine, settings, image, metadata) for _ in range(2))
    assert not torch.equal(first, second)
    engine.eval()
    assert torch.equal(FUSION.forward(engine, settings, image, metadata)[:, :6], image)
