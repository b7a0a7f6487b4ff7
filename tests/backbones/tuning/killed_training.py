"""A process that forks trainings and kills them: ``python killed_training.py FOLDER KILLS SEED``.

Everything is imported once; each training is a fork of this process. An undisturbed one says how long an epoch takes.
Another one is ended by SIGKILL so many times, each time one epoch further and at a random moment of it, and at last
left to come to its end. Prints one JSON object: what each of the two came to, and how many epochs were finished at each
kill.
"""

import json
import random
import sys
from pathlib import Path

import numpy as np
import torch

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.network import weights_digest
from automl_skin.backbones.tuning.data import TuningData
from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.backbones.tuning.train import tune
from automl_skin.digests import digest_array

sys.path.insert(0, str(Path(__file__).parents[2]))
import forks

BACKBONE = resolve_backbone("test_resnet.random")
RECIPE = TuningRecipe(epochs=14, batch_size=16, augmentation="light", ema=0.9, drop_path=0.1, mixup=0.2)
N = 96


def data() -> TuningData:
    drawn = np.random.default_rng(0)
    pixels = drawn.integers(0, 256, (N, 64, 64, 3), dtype=np.uint8)
    return TuningData(pixels, drawn.integers(0, 2, N), 2, np.arange(N) % 5 == 0, np.arange(2))


def train(folder: Path) -> None:
    """Begin or continue a training; leave a line for each epoch that ends, and at last what it came to."""
    folder.mkdir(exist_ok=True)
    trained = []

    def note(epoch: Epoch) -> None:
        trained.append(epoch.number)
        with (folder / "epochs").open("a") as file:
            file.write(f"{epoch.number}\n")

    tuned = tune(
        BACKBONE,
        RECIPE,
        data(),
        mean=BACKBONE.mean,
        std=BACKBONE.std,
        seed=0,
        device=torch.device("cpu"),
        precision="float32",
        folder=folder,
        progress=note,
    )
    outcome = {
        "weights": weights_digest(tuned.network),
        "head": [digest_array(tuned.head.weight), digest_array(tuned.head.bias)],
        "losses": [epoch.loss for epoch in tuned.curve],
    }
    seconds = float(np.mean([epoch.seconds for epoch in tuned.curve]))
    (folder / "end.json").write_text(json.dumps({"outcome": outcome, "trained": trained, "seconds": seconds}))


def finished(folder: Path) -> int:
    """Return how many epochs have ended."""
    path = folder / "epochs"
    return max(map(int, path.read_text().split()), default=0) if path.is_file() else 0


def kill(folder: Path, epochs: int, seconds: float) -> int:
    """Begin or continue a training and kill it so long after it has finished so many epochs, or when it has one more.

    Returns how many it had finished.
    """
    reached, left = (lambda: finished(folder) >= epochs), (lambda: finished(folder) > epochs)
    assert forks.killed(forks.forked(lambda: train(folder)), seconds, reached, left)
    return finished(folder)


def main(folder: Path, kills: int, seed: int) -> None:
    torch.set_num_threads(1)
    moments = random.Random(seed)
    forks.finish(lambda: train(folder / "whole"))
    whole = json.loads((folder / "whole" / "end.json").read_text())
    fell = [
        kill(folder / "killed", number, moments.uniform(0.0, 1.0) * whole["seconds"])
        for number in range(kills)
    ]
    forks.finish(lambda: train(folder / "killed"))
    killed = json.loads((folder / "killed" / "end.json").read_text())
    print(json.dumps({"whole": whole, "killed": killed, "finished": fell}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
