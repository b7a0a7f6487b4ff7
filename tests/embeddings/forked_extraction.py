"""A process that forks stage one: ``python forked_extraction.py FOLDER kill KILLS SEED`` or ``... FOLDER share N``.

Everything is imported once. The folder holds ``images`` and ``rows.csv``. With ``kill`` an undisturbed stage one fills
the cache ``whole``; others fill ``killed``, each ended by SIGKILL two shards further and at a random moment, and none
comes to its end. Printed is a JSON list: the shards at each kill. With ``share`` as many fill the cache ``shared`` at
once, and the JSON list says how many images each computed.
"""

import json
import random
import sys
import time
from pathlib import Path

import pandas as pd

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.recipe import default_recipe
from automl_skin.embeddings import extract as extract_module
from automl_skin.embeddings import shard
from automl_skin.embeddings.cache import EmbeddingCache
from automl_skin.embeddings.extract import StageOneOptions, extract

sys.path.insert(0, str(Path(__file__).parents[1]))
import forks

BACKBONE = resolve_backbone("test_resnet.random")
RECIPE = default_recipe(BACKBONE, 32, 32)
OPTIONS = StageOneOptions(device="cpu", precision="float32", batch_size=8, threads=1)
ROWS = 16
"""Of a shard, so that there are many."""


def stage_one(folder: Path, name: str) -> int:
    """Fill a cache; return how many images were computed."""
    rows = pd.read_csv(folder / "rows.csv")
    return extract(
        BACKBONE, RECIPE, folder / "images", rows, EmbeddingCache(folder / name), options=OPTIONS
    ).computed


def n_shards(folder: Path, name: str) -> int:
    return sum(len(shard.shard_files(each)) for each in (folder / name).glob("*") if each.is_dir())


def kill(folder: Path, wanted: int, seconds: float) -> int:
    """Begin or continue stage one and kill it so long after it has so many shards, or when it has two more.

    Returns how many it had.
    """
    child = forks.forked(lambda: stage_one(folder, "killed"))
    reached, left = (
        (lambda: n_shards(folder, "killed") >= wanted),
        (lambda: n_shards(folder, "killed") >= wanted + 2),
    )
    assert forks.killed(child, seconds, reached, left)
    return n_shards(folder, "killed")


def kill_all(folder: Path, kills: int, seed: int) -> list[int]:
    moments = random.Random(seed)
    begun = time.monotonic()
    forks.finish(lambda: stage_one(folder, "whole"))
    each = (time.monotonic() - begun) / n_shards(folder, "whole")
    return [kill(folder, 2 * number, moments.uniform(0.0, 2.0) * each) for number in range(kills)]


def share(folder: Path, n: int) -> list[int]:
    def work(number: int) -> None:
        (folder / f"computed-{number}").write_text(str(stage_one(folder, "shared")))

    children = [forks.forked(lambda number=number: work(number)) for number in range(n)]
    for child in children:
        forks.wait(child)
    return [int((folder / f"computed-{number}").read_text()) for number in range(n)]


def main(folder: Path, command: str, *numbers: int) -> None:
    extract_module.MAX_ROWS = shard.MAX_ROWS = ROWS
    print(json.dumps({"kill": kill_all, "share": share}[command](folder, *numbers)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
