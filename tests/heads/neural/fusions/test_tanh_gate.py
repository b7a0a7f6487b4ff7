import torch

from automl_skin.heads.neural.engine import Engine
from automl_skin.heads.neural.fusions.tanh_gate import FUSION


def test_begins_as_the_image_alone_and_opens():
    settings = FUSION.settings()
    engine = Engine(FUSION.layers(settings, 6, 4), torch.Generator().manual_seed(0))
    image, metadata = torch.ones(3, 6), torch.ones(3, 4)
    assert torch.equal(FUSION.forward(engine, settings, image, metadata), image)
    FUSION.forward(engine, settings, image, metadata).square().sum().backward()
    gate = engine.parameter("gate")
    assert float(gate.grad.abs().min()) > 0
    with torch.no_grad():
        gate += 1.0
    assert not torch.equal(FUSION.forward(engine, settings, image, metadata), image)
