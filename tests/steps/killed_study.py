"""A process that forks searches and kills them: ``python killed_study.py FOLDER KILLS SEED``.

Everything is imported once; each search is a fork of this process. An undisturbed one says how long each step takes.
Another one, in another folder with an empty cache, is ended by SIGKILL so many times in each step, first as the step
begins and then at random moments of it, and at last left to come to its end. Prints one JSON object: what each of the
two came to, and in which step each kill fell.
"""

import json
import random
import sys
import time
from pathlib import Path

import torch

from automl_skin.digests import digest_file
from automl_skin.export.bundle import verify
from automl_skin.export.predictor import Predictor
from automl_skin.search.material import Material
from automl_skin.settings import Workspace
from automl_skin.steps.export import export
from automl_skin.steps.leaderboard import trial_table
from automl_skin.steps.search import run_search
from automl_skin.study.study import open_study
from automl_skin.synthetic.study import generate

sys.path.insert(0, str(Path(__file__).parents[1]))
import forks
import tiny_study

STEPS = ("understanding", "stage one", "trials", "locked test", "export")


def settings(folder: Path) -> dict:
    made = generate(folder / "data", n_lesions=70, seed=3)
    places = {"data": str(made.table), "images": str(made.images)}
    return {**places, **tiny_study.SETTINGS, **tiny_study.BINARY, "trials": 12}


def work(folder: Path, given: dict) -> None:
    """Search and export, as the commands do."""
    study = open_study(Workspace.at(folder, folder / "cache"), "killed", given)
    run_search(study)
    export(study, folder / "bundle")


def outcome(folder: Path, given: dict) -> dict:
    """Return all that must not depend on kills."""
    study = open_study(Workspace.at(folder, folder / "cache"), "killed", given)
    verify(folder / "bundle")
    material = Material.read(study.material)
    probabilities = Predictor.load(folder / "bundle").stack.predict(material.inputs)
    left = [path.name for path in folder.rglob("*") if path.name.startswith(".writing")]
    return {
        "trials": trial_table(study.journal.read()).to_json(),
        "stack": study.stack.read().stack.digest,
        "plan": study.read_plan().digest,
        "opened": len(json.loads((study.locked / "openings.json").read_text())),
        "predictions": digest_file(study.locked_predictions),
        "probabilities": probabilities.tolist(),
        "left": len(left),
    }


def step(folder: Path) -> int:
    """Return which step a search has come to."""
    study = folder / "studies" / "killed"
    begun = (
        study / "prepared.json",
        study / "material" / "material.json",
        study / "stack.json",
        study / "report" / "MODEL_CARD.md",
    )
    return sum(mark.exists() for mark in begun)


def undisturbed(folder: Path, given: dict) -> list[float]:
    """Search and export; return how long each step took."""
    start = time.monotonic()
    child = forks.forked(lambda: work(folder, given))
    begun = [start]
    while not forks.ended(child):
        begun += [time.monotonic()] * (step(folder) - len(begun) + 1)
        time.sleep(forks.POLL_SECONDS)
    assert len(begun) == len(STEPS)
    return [end - begin for begin, end in zip(begun, [*begun[1:], time.monotonic()], strict=True)]


def kill(folder: Path, given: dict, wanted: int, seconds: float) -> str:
    """Begin or continue a search and kill it so long after it has come to a step, or when it comes to the next.

    Returns the step that it had come to.
    """
    wanted = max(wanted, step(folder))
    while not forks.killed(
        forks.forked(lambda: work(folder, given)),
        seconds,
        reached=lambda: step(folder) >= wanted,
        left=lambda: step(folder) > wanted,
    ):
        seconds /= 2  # it came to its end before, and is continued from there
    return STEPS[step(folder)]


def main(folder: Path, kills: int, seed: int) -> None:
    torch.set_num_threads(1)
    rng = random.Random(seed)
    given = settings(folder)
    seconds = undisturbed(folder / "whole", given)
    fell = [
        kill(folder / "killed", given, wanted, rng.uniform(0.0, seconds[wanted]) if times else 0.0)
        for wanted in range(len(STEPS))
        for times in range(kills)  # the first as the step begins: a short one may be over before the second
    ]
    forks.finish(lambda: work(folder / "killed", given))
    ends = {name: outcome(folder / name, given) for name in ("whole", "killed")}
    print(json.dumps({**ends, "steps": fell, "seconds": seconds}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
