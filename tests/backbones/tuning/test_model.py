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


def test_the_five_dropouts_of_the_head_are_averaged_in_training_alone():
    head = LinearHead(200, 3, seed=0, dropout=0.5)
    embedding = torch.ones(400, 200)
    still = LinearHead(200, 3, seed=0)(embedding)
    assert torch.equal(head.eval()(embedding), still)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        dropped = head.train()(embedding) - head.last.bias
    # each input is kept by a half and doubled: its share has variance 1, and a fifth of that after the average
    variance = dropped.var(dim=0) / head.last.weight.square().sum(dim=1)
    torch.testing.assert_close(variance, torch.full((3,), 0.2), rtol=0.25, atol=0.0)
    torch.testing.assert_close(dropped.mean(dim=0), (still - head.last.bias)[0], rtol=0.0, atol=0.012)
