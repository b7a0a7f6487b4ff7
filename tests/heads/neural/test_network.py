import torch

from automl_skin.heads.neural.config import MlpConfig
from automl_skin.heads.neural.network import Network
from automl_skin.heads.neural.state import module_arrays


def make(**values):
    return Network(MlpConfig(**values), 6, 2, 3, torch.Generator().manual_seed(0))


def test_shapes():
    shapes = {name: value.shape for name, value in module_arrays(make(layers=2, width=5)).items()}
    assert shapes["layers.hidden/0.weight"] == (5, 8)
    assert shapes["layers.hidden/1.weight"] == (5, 5)
    assert shapes["layers.last.weight"] == (3, 5)


def test_dropout_is_random_in_training_alone():
    network, image, metadata = make(dropout=0.5), torch.ones(4, 6), torch.ones(4, 2)
    assert not torch.equal(network(image, metadata), network(image, metadata))
    network.eval()
    assert torch.equal(network(image, metadata), network(image, metadata))


def test_without_hidden_layers_the_scores_follow_the_fusion():
    assert {name: array.shape for name, array in module_arrays(make(layers=0)).items()} == {
        "layers.last.weight": (3, 8),
        "layers.last.bias": (3,),
    }
