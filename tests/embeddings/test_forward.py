from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.network import begin_passes, load_network
from automl_skin.backbones.recipe import default_recipe
from automl_skin.embeddings.forward import ForwardPass
from automl_skin.images.loading import Batch

BACKBONE = resolve_backbone("test_resnet.random")


@pytest.fixture(scope="module")
def forward():
    recipe = default_recipe(BACKBONE, 32, 32)
    cpu = torch.device("cpu")
    return ForwardPass(load_network(BACKBONE), recipe, 1, cpu, "float32", begin_passes(cpu))


def batches(n):
    random_numbers = np.random.default_rng(0)
    for i in range(n):
        pixels = random_numbers.integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
        yield Batch(np.arange(4 * i, 4 * i + 4), pixels, {})


def test_batches_come_in_order_with_their_embeddings(forward):
    results = list(forward.embed_batches(batches(9), threads=3))
    assert [batch.positions[0] for batch, _ in results] == list(range(0, 36, 4))
    for batch, embeddings in results:
        np.testing.assert_allclose(embeddings, forward(batch), rtol=0, atol=1e-4)


def test_few_batches_are_taken_ahead(forward):
    taken = []

    def watched():
        for batch in batches(20):
            taken.append(batch)
            yield batch

    results = forward.embed_batches(watched(), threads=2)
    next(results)
    assert len(taken) <= 4
    results.close()


def test_an_error_of_the_reader_arrives_and_threads_are_restored(forward):
    def broken():
        yield from batches(2)
        raise RuntimeError("the folder is gone")

    before = max(2, torch.get_num_threads())
    torch.set_num_threads(before)
    with pytest.raises(RuntimeError, match="the folder is gone"):
        list(forward.embed_batches(broken(), threads=2))
    assert torch.get_num_threads() == before
    with ThreadPoolExecutor(1) as later:
        assert later.submit(torch.get_num_threads).result() == before
