import numpy as np
import pytest
import torch

from automl_skin.heads.design import Design
from automl_skin.heads.neural.config import MlpConfig
from automl_skin.heads.neural.forward import network_probabilities
from automl_skin.heads.neural.network import Network


@pytest.mark.parametrize("fusion", ["concat", "metanet"])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("layers", [0, 1, 2])
def test_agrees_with_the_network_in_torch(fusion, activation, layers):
    config = MlpConfig(layers=layers, activation=activation, fusion=fusion)
    network = Network(config, 30, 5, n_scores=3, generator=torch.Generator().manual_seed(0)).eval()
    matrix = np.random.default_rng(0).normal(size=(50, 35)).astype(np.float32)
    with torch.no_grad():
        scores = network(torch.from_numpy(matrix[:, :30]), torch.from_numpy(matrix[:, 30:]))
    expected = torch.softmax(scores, dim=1).numpy()
    found = network_probabilities(network.arrays(), config, Design(matrix, 30))
    assert np.allclose(found, expected, atol=2e-6)
