"""How fast tuning is, over the bare loop of the same network with ready tensors; run with -s to see it."""

import time

import numpy as np
import pytest
import torch
from torch.nn import functional

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.device import resolve_device, resolve_precision
from automl_skin.backbones.network import computing_in, load_network
from automl_skin.backbones.tuning.data import TuningData
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.backbones.tuning.train import tune

BATCH, SIDE, STEPS = 32, 128, 4
LEAST = {"none": 0.8, "light": 0.7}
"""Share of the bare loop's rate by augmentation."""


def bare_rate(backbone, device, precision):
    """Images per second of forward, backward and step, tensors ready on the device."""
    network = load_network(backbone).to(device).requires_grad_(requires_grad=True).train()
    images = torch.randn(BATCH, 3, SIDE, SIDE, device=device).contiguous(memory_format=torch.channels_last)
    labels = torch.zeros(BATCH, dtype=torch.int64, device=device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4, fused=True)
    for step in range(STEPS + 2):
        if step == 2:  # the first ones choose algorithms
            started = time.perf_counter()
        optimiser.zero_grad()
        with computing_in(precision, device):
            outputs = network(images)
        functional.cross_entropy(outputs.float(), labels).backward()
        optimiser.step()
    outputs.sum().item()
    return STEPS * BATCH / (time.perf_counter() - started)


def tuning_rate(backbone, device, precision, augmentation):
    n = STEPS * BATCH
    pixels = np.random.default_rng(0).integers(0, 256, (n, SIDE, SIDE, 3), dtype=np.uint8)
    labels = np.arange(n) % 2
    data = TuningData(pixels, labels, 2, np.zeros(n, bool), np.arange(2))
    recipe = TuningRecipe(epochs=2, batch_size=BATCH, augmentation=augmentation, learning_rate=1e-4)
    outcome = tune(
        backbone,
        recipe,
        data,
        mean=backbone.mean,
        std=backbone.std,
        seed=0,
        device=device,
        precision=precision,
    )
    return outcome.curve[-1].images_per_second


@pytest.mark.slow
def test_tuning_is_nearly_as_fast_as_the_bare_loop():
    device = resolve_device()
    precision = resolve_precision(device)
    backbone = resolve_backbone("mobilenetv2_100.random")
    ratios = {augmentation: [] for augmentation in LEAST}
    for _ in range(3):  # side by side, since other work on the machine slows both
        bare = bare_rate(backbone, device, precision)
        for augmentation, each in ratios.items():
            each.append(tuning_rate(backbone, device, precision, augmentation) / bare)
    medians = {augmentation: float(np.median(each)) for augmentation, each in ratios.items()}
    print(f"{backbone.name}: {bare:.0f} images/s bare, tuning {medians} of it")
    assert all(medians[augmentation] > least for augmentation, least in LEAST.items()), medians
