"""Tuning under SIGKILL: ten times at random moments, and the weights are those of an undisturbed run."""

import random
import shutil
import subprocess
import sys
import time

import pytest

PROGRAM = """
import sys, numpy as np, torch
from pathlib import Path
torch.set_num_threads(1)
from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.network import weights_digest
from automl_skin.backbones.tuning.data import TuningData
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.backbones.tuning.train import tune
drawn = np.random.default_rng(0)
n = 96
pixels = drawn.integers(0, 256, (n, 64, 64, 3), dtype=np.uint8)
data = TuningData(pixels, drawn.integers(0, 2, n), 2, np.arange(n) % 5 == 0, np.arange(2))
start = resolve_backbone("resnet10t.random")
recipe = TuningRecipe(epochs=14, batch_size=16, augmentation="light", ema=0.9, drop_path=0.1, mixup=0.2)
print("begun", flush=True)
tuned = tune(start, recipe, data, mean=start.mean, std=start.std, seed=0, device=torch.device("cpu"),
             precision="float32", folder=Path(sys.argv[1]), progress=lambda epoch: print(epoch.number, flush=True))
print("digest", weights_digest(tuned.network), tuned.head.weight.tobytes().hex(), flush=True)
"""


def start(folder):
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, folder], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"
    return process


def finish(folder):
    output = start(folder).communicate()[0].splitlines()
    assert output[-1].startswith("digest")
    return output


@pytest.mark.slow
def test_ten_kills_leave_the_same_weights(tmp_path):
    began = time.perf_counter()
    whole = finish(tmp_path / "whole")
    each = (time.perf_counter() - began) / 14  # seconds an epoch, and a bit of the start
    moments = random.Random(0)
    kills = 0
    while kills < 10:
        process = start(tmp_path / "killed")
        time.sleep(moments.uniform(0.0, 2.5 * each))
        if process.poll() is not None:  # the machine got faster, and it was done: once more from the start
            process.communicate()
            shutil.rmtree(tmp_path / "killed")
            continue
        process.kill()
        process.communicate()
        kills += 1
    again = finish(tmp_path / "killed")
    assert len(again) < len(whole)  # it did go on where it was killed
    assert again[-1] == whole[-1]
