"""Stage one's speed beside the bare forward pass of the same network: printed, never asserted.

Run with ``AUTOML_SKIN_DATA=... pytest -m "slow and real" -s tests/embeddings/test_throughput.py``. Wall time and
processor time are printed, since a busy machine blurs the first. ``AUTOML_SKIN_WEIGHTS`` may name a weights folder.
"""

import os
import sys
import time
from pathlib import Path

import pytest
import torch

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.device import resolve_device, resolve_precision
from automl_skin.backbones.network import begin_passes, load_network
from automl_skin.backbones.recipe import default_recipe
from automl_skin.embeddings.forward import ForwardPass
from automl_skin.images.loading import load_batches

BATCH, N_BATCHES, ROUNDS = 16, 12, 3


@pytest.fixture
def photographs():
    if "AUTOML_SKIN_DATA" not in os.environ:
        pytest.skip("AUTOML_SKIN_DATA must name the folder that holds ham10000/images")
    root = Path(os.environ["AUTOML_SKIN_DATA"]) / "ham10000" / "images"
    return root, sorted(path.name for path in root.glob("*.jpg"))[: BATCH * N_BATCHES]


def seconds_of(action):
    wall, processor = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - wall, time.process_time() - processor


@pytest.mark.slow
@pytest.mark.real
def test_decoding_included_over_bare(photographs):
    root, names = photographs
    weights = os.environ.get("AUTOML_SKIN_WEIGHTS")
    name = "mobilenetv2_100.onnxzoo" if weights else "mobilenetv2_100.random"
    backbone = resolve_backbone(name, Path(weights) if weights else None)
    recipe, device = default_recipe(backbone), resolve_device()
    network, precision = load_network(backbone).to(device), resolve_precision(device)
    forward = ForwardPass(network, recipe, 1, device, precision, begin_passes(device))
    threads = torch.get_num_threads()
    ready = next(iter(load_batches(root, names, recipe, BATCH, 1)))

    def bare():
        with torch.inference_mode():
            for _ in range(N_BATCHES):
                forward(ready)

    def bare_by_batches():
        list(forward.embed_batches([ready] * N_BATCHES, threads))

    def whole():
        list(forward.embed_batches(load_batches(root, names, recipe, BATCH, threads), threads))

    forward(ready)
    for _ in range(ROUNDS):
        for action in (bare, bare_by_batches, whole):
            wall, processor = seconds_of(action)
            speed = (
                f"{len(names) / wall:6.0f} images/s, {processor / len(names) * 1e3:5.2f} ms of processor each"
            )
            sys.stdout.write(f"{action.__name__:>16}: {speed}\n")
