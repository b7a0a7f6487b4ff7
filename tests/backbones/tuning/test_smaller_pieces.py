import logging

import pytest
import torch

from automl_skin.backbones.memory import MicroBatch
from automl_skin.backbones.tuning import model as model_module
from automl_skin.backbones.tuning import train
from automl_skin.errors import TuningError

DEVICE = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
CPU = RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")


@pytest.fixture
def short_of_memory(monkeypatch):
    """Let the network take so many images at once."""

    def make(most, error=DEVICE):
        whole = model_module.embedding_of

        def limited(network, images, metadata=None):
            if len(images) > most:
                raise error
            return whole(network, images)

        monkeypatch.setattr(model_module, "embedding_of", limited)

    return make


@pytest.mark.parametrize("error", [DEVICE, CPU], ids=["device", "cpu"])
@pytest.mark.parametrize("loss", ["cross_entropy", "weighted", "focal"])
def test_smaller_pieces_give_the_same_weights(error, loss, tuned, short_of_memory, caplog):
    options = {"epochs": 1, "batch_norm": "kept", "loss": loss, "optimizer": "sgd", "learning_rate": 1e-2}
    whole = tuned(**options)
    short_of_memory(5, error)
    pieces = tuned(**options)
    assert (whole.micro_batch, pieces.micro_batch) == (16, 4)
    assert "out of memory: batches now go through the network in pieces of 4 images" in caplog.text
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert pieces.curve[0].loss == pytest.approx(whole.curve[0].loss, rel=1e-5)
    expected = whole.network.state_dict()
    for name, tensor in pieces.network.state_dict().items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-3, atol=1e-5)


def test_adapting_statistics_need_two_images(tuned, short_of_memory):
    short_of_memory(1)
    with pytest.raises(TuningError, match=r"does not fit the memory with 2 images at once \(CUDA out of"):
        tuned(epochs=1)
    assert tuned(epochs=1, batch_norm="kept").micro_batch == 1


def test_nothing_fits():
    with pytest.raises(TuningError, match="does not fit the memory with 1 images at once"):
        MicroBatch(4, 1).run(lambda size: (_ for _ in ()).throw(DEVICE))


def test_other_errors_are_not_taken_for_it():
    def work(size):
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes do not fit"):
        MicroBatch(4, 1).run(work)


def test_the_size_is_remembered_in_the_checkpoint(tuned, short_of_memory, tmp_path):
    short_of_memory(5)
    tuned(epochs=1, folder=tmp_path)
    assert tuned(epochs=1, folder=tmp_path).micro_batch == 4


@pytest.mark.parametrize("error", [DEVICE, CPU], ids=["device", "cpu"])
def test_a_network_that_does_not_fit_with_its_optimiser_is_said(error, tuned, monkeypatch):
    def fail(*_):
        raise error

    monkeypatch.setattr(train, "make_optimiser", fail)
    with pytest.raises(TuningError, match="does not fit the memory with its optimiser"):
        tuned(epochs=1)
