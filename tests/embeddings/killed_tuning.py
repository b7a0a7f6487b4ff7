"""A process that tunes fabricated networks: ``python killed_tuning.py FOLDER SEED...``, one network a seed."""

import sys
from pathlib import Path

import numpy as np

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.network import load_network, network_digest
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.embeddings.key import TunedOn
from automl_skin.embeddings.networks import NetworkStore
from automl_skin.embeddings.pixel_rows import PixelRows
from automl_skin.embeddings.tuning import TuningJob, tune_networks
from automl_skin.embeddings.tuning_key import TuningKey

N_ROWS = 48
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
        name=f"made-up.without-{seed}",
        backbone=BACKBONE,
        key=key,
        pixels=PixelRows.of(make_pixels(folder), rows),
        labels=rows % 2,
        inner=rows % 6 < 2,
        target_of=np.arange(2),
        mean=(0.5, 0.5, 0.5),
        std=(0.2, 0.2, 0.2),
    )


def main(folder: Path, seeds: list[int]) -> None:
    jobs = [make_job(folder, seed, epochs=4) for seed in seeds]
    for outcome in tune_networks(jobs, NetworkStore(folder / "networks"), ["cpu"]):
        print(outcome)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(seed) for seed in sys.argv[2:]])
