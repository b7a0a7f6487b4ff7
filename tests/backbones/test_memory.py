"""Frozen networks that answer: passes become smaller where the memory is short, whatever library says so."""

import numpy as np
import pytest
import torch

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.memory import MicroBatch, is_out_of_memory
from automl_skin.backbones.network import begin_passes, embed, load_network
from automl_skin.errors import BackboneError

BACKBONE = resolve_backbone("test_resnet.random")
SHORT = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")


@pytest.mark.parametrize(
    "text",
    [
        "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported",  # torch.AcceleratorError
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "GET was unable to find an engine to execute this computation",
        "MPS backend out of memory (MPS allocated: 17.9 GB, other allocations: 1.1 GB)",
        "HIP out of memory. Tried to allocate 2 GiB",
        "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory",
    ],
)
def test_every_form_is_recognised(text):
    assert is_out_of_memory(RuntimeError(text))


def test_other_errors_are_not_taken_for_it():
    assert not is_out_of_memory(RuntimeError("CUDA error: device-side assert triggered"))


def limited(network, most):
    """Let a network take so many images at once."""

    def refuse(_, images):
        if len(images[0]) > most:
            raise SHORT

    next(network.children()).register_forward_pre_hook(refuse)
    return network


def embeddings(network, passes, n=11):
    images = np.random.default_rng(3).integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)
    options = {"mean": BACKBONE.mean, "std": BACKBONE.std, "precision": "float32"}
    return embed(network, images, device=torch.device("cpu"), passes=passes, **options)


def test_smaller_passes_give_every_embedding_and_are_remembered(caplog):
    passes = MicroBatch(8, learns=False)
    found = embeddings(limited(load_network(BACKBONE), 2), passes)
    assert passes.size == 2
    assert "2 images now go through the network at once" in caplog.text
    np.testing.assert_allclose(found, embeddings(load_network(BACKBONE), None), rtol=1e-4, atol=1e-5)
    caplog.clear()
    embeddings(limited(load_network(BACKBONE), 2), passes)
    assert not caplog.text


def test_an_image_that_does_not_fit_is_said():
    with pytest.raises(BackboneError, match="does not fit the memory with 1 images at once"):
        embeddings(limited(load_network(BACKBONE), 0), begin_passes(torch.device("cpu")))
