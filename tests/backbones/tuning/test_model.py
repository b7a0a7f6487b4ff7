import numpy as np
import torch

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.network import load_network
from automl_skin.backbones.tuning.model import LinearHead, count_dimensions


def test_the_head_without_torch_has_the_same_logits():
    drawn = np.random.default_rng(0)
    embedding = drawn.normal(size=(20, 512)).astype(np.float32)
    metadata = drawn.normal(size=(20, 6)).astype(np.float32)
    for head in (LinearHead(512, 7, seed=3), LinearHead(512, 7, n_metadata=6, metadata_width=9, seed=3)):
        with torch.no_grad():
            for parameter in head.parameters():
                parameter.add_(torch.from_numpy(drawn.normal(size=tuple(parameter.shape))), alpha=0.1)
            expected = head(torch.from_numpy(embedding), torch.from_numpy(metadata)).numpy()
        np.testing.assert_allclose(
            head.to_tuned_head().logits(embedding, metadata), expected, rtol=0, atol=1e-4
        )


def test_dimensions_are_those_that_the_head_sees():
    network = load_network(resolve_backbone("mobilenetv3_small_050.random"))
    assert count_dimensions(network, 32, 32) == 1024 != network.num_features
