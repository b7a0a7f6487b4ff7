"""Fabricated networks to tune, and a process that forks their tuning: ``python killed_tuning.py FOLDER KILLS SEED``.

Everything is imported once. Two networks are tuned undisturbed; then the same two by a fork with a process of its own
that tunes. The fork alone is ended by SIGKILL so many times, each time some epochs further and at a random moment, and
at last left to come to its end. Prints one JSON object: the weights of both, and what was left behind at each kill.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
import torch

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.network import load_network, network_digest
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.embeddings import tuning
from automl_skin.embeddings.key import TunedOn
from automl_skin.embeddings.networks import NetworkStore
from automl_skin.embeddings.pixel_rows import PixelRows
from automl_skin.embeddings.tuning import TuningFailure, TuningJob
from automl_skin.embeddings.tuning_key import TuningKey
from automl_skin.networks import NetworkId

sys.path.insert(0, str(Path(__file__).parents[1]))
import forks

N_ROWS = 48
EPOCHS = 4
BACKBONE = resolve_backbone("test_resnet.random")


def make_pixels(folder: Path) -> np.memmap:
    """Return mapped pixels of two kinds of made-up images: the second kind is brighter on its right side."""
    path = folder / "pixels.npy"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(0).integers(0, 200, size=(N_ROWS, 32, 32, 3)).astype(np.uint8)
        pixels[1::2, :, 16:] += 55
        np.save(path, pixels)
    return np.load(path, mmap_mode="r")


def make_job(folder: Path, seed: int = 0, n_rows: int = N_ROWS, **recipe) -> TuningJob:
    given = {"epochs": 2, "batch_size": 16, "augmentation": "none", **recipe}
    rows = np.arange(n_rows)
    key = TuningKey(
        network_digest(BACKBONE, load_network(BACKBONE)),
        "pixels",
        TuningRecipe(**given),
        TunedOn("plan", (seed,)),
        str(n_rows),
        "",
        "float32",
        seed,
        1,
    )
    return TuningJob(
        network=NetworkId("made-up", "plain", "full", (seed,)),
        backbone=BACKBONE,
        key=key,
        pixels=PixelRows.of(make_pixels(folder), rows),
        labels=rows % 2,
        inner=rows % 6 < 2,
        target_of=np.arange(2),
        mean=(0.5, 0.5, 0.5),
        std=(0.2, 0.2, 0.2),
    )


def jobs_in(folder: Path) -> list[TuningJob]:
    return [make_job(folder, seed, epochs=EPOCHS) for seed in (1, 2)]


def tune_here(folder: Path) -> None:
    """Tune without another process."""
    for job in jobs_in(folder):
        tuning.tune_one(job, folder / "networks", "cpu")


def tune_there(folder: Path) -> None:
    """Tune in another process, one network after the other; both processes are of a group of their own."""
    os.setpgid(0, 0)
    tuning.available_processors = lambda: 1
    outcomes = tuning.tune_networks(jobs_in(folder), NetworkStore(folder / "networks"), ["cpu"])
    assert not any(isinstance(each, TuningFailure) for each in outcomes)


def finished(folder: Path) -> int:
    """Return how many epochs are finished, of both networks together."""
    store = NetworkStore(folder / "networks")
    return sum(len(store.curve(job.key)) for job in jobs_in(folder))


def weights(folder: Path) -> dict[str, str]:
    """Return the digests of the networks' weights by key; there must be nothing unfinished."""
    keys = [path.name for path in (folder / "networks").iterdir() if path.is_dir()]
    assert all("." not in key for key in keys)
    return {
        key: json.loads((folder / "networks" / key / "digests.json").read_text())["model.safetensors"]
        for key in keys
    }


def living(group: int) -> list[int]:
    """Return the processes of a group that have not ended."""
    states = [
        each.rpartition(")")[2].split() for each in map(read, Path("/proc").glob("[0-9]*/stat")) if each
    ]
    return [group for state, _, pgrp, *_ in states if int(pgrp) == group and state not in "ZX"]


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended
        return ""


def wait_until_gone(group: int, seconds: float = 100.0) -> None:
    """Wait until a group has ended; a process that is still importing ends when it has done so."""
    deadline = time.monotonic() + seconds
    while living(group) and time.monotonic() < deadline:
        time.sleep(0.05)
    if living(group):
        os.killpg(group, signal.SIGKILL)
        raise AssertionError("a killed parent must end its workers")


def kill(folder: Path, wanted: int, seconds: float) -> dict:
    """Begin or continue a tuning and kill it so long after so many epochs are finished, or when one more is.

    Returns how many were finished, and how many processes it left behind for a moment.
    """
    child = forks.forked(lambda: tune_there(folder))
    reached, left = (lambda: finished(folder) >= wanted), (lambda: finished(folder) > wanted)
    assert forks.killed(child, seconds, reached, left)
    behind = len(living(child))
    wait_until_gone(child)
    return {"behind": behind, "finished": finished(folder)}


def main(folder: Path, kills: int, seed: int) -> None:
    torch.set_num_threads(1)
    moments = random.Random(seed)
    begun = time.monotonic()
    forks.finish(lambda: tune_here(folder / "whole"))
    each = (time.monotonic() - begun) / (2 * EPOCHS)
    make_pixels(folder / "killed")  # is no matter of tuning, and would be torn by a kill
    steps = [2 * EPOCHS * number // kills for number in range(kills)]
    fell = [kill(folder / "killed", wanted, moments.uniform(0.0, 1.0) * each) for wanted in steps]
    forks.finish(lambda: tune_there(folder / "killed"))
    print(json.dumps({"kills": fell, **{name: weights(folder / name) for name in ("whole", "killed")}}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
