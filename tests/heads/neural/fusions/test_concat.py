import torch

from automl_skin.heads.neural.engine import Engine
from automl_skin.heads.neural.fusions.concat import FUSION

IMAGE, METADATA = torch.ones(2, 8), -torch.ones(2, 3)


def test_without_layers_columns_stand_side_by_side():
    settings = FUSION.settings()
    assert FUSION.layers(settings, 8, 3) == {}
    assert torch.equal(FUSION.forward(Engine({}), settings, IMAGE, METADATA), torch.hstack([IMAGE, METADATA]))


def test_published_widths_end_with_that_of_the_image():
    settings = FUSION.configure({"layers": 3, "shape": "published"})
    layers = FUSION.layers(settings, 8, 3)
    assert [(layer.n_in, layer.n_out) for layer in layers.values()] == [(3, 2), (2, 4), (4, 8)]
    assert FUSION.n_out(settings, 8, 3) == 16
    narrow = FUSION.configure({"layers": 2, "width": 16})
    assert FUSION.n_out(narrow, 8, 3) == 24


def test_without_metadata_or_without_an_image_the_other_goes_through():
    settings = FUSION.configure({"layers": 2, "width": 8})
    assert FUSION.layers(settings, 8, 0) == {}
    assert FUSION.n_out(settings, 8, 0) == 8
    assert torch.equal(FUSION.forward(Engine({}), settings, IMAGE, torch.zeros(2, 0)), IMAGE)
    engine = Engine(FUSION.layers(settings, 0, 3), torch.Generator().manual_seed(0))
    alone = FUSION.forward(engine, settings, torch.zeros(2, 0), METADATA)
    assert alone.shape == (2, FUSION.n_out(settings, 0, 3))
