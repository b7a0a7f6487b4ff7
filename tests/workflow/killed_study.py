"""A process that forks searches and kills them: ``python killed_study.py FOLDER KILLS SEED``.

Everything is imported once; each search is a fork of this process, ended by SIGKILL after a random time. When a
search comes to its end it is begun anew in another folder, with an empty cache, until enough were killed. Prints one
JSON object: what the uninterrupted study came to, what each continued one came to, and at which step each kill fell.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path

import torch

from automl_skin.digests import digest_file
from automl_skin.export.bundle import verify
from automl_skin.export.predictor import Predictor
from automl_skin.search.material import Material
from automl_skin.settings import Workspace
from automl_skin.synthetic.study import generate
from automl_skin.workflow.export import export
from automl_skin.workflow.leaderboard import trial_table
from automl_skin.workflow.search import run_search
from automl_skin.workflow.stack import read_stack
from automl_skin.workflow.study import open_study

sys.path.insert(0, str(Path(__file__).parents[1]))
import tiny_study

LET_GO = 0.5
"""How often a search that is nearly done may come to its end, so that early steps are killed too."""


def settings(folder: Path) -> dict:
    made = generate(folder / "data", n_lesions=70, seed=3)
    places = {"data": str(made.table), "images": str(made.images)}
    return {**places, **tiny_study.SETTINGS, **tiny_study.BINARY, "size": "256x320", "views": 4, "trials": 12}


def work(folder: Path, given: dict) -> None:
    """Search and export, as the commands do."""
    torch.set_num_threads(1)
    study = open_study(Workspace.at(folder, folder / "cache"), "killed", given)
    run_search(study, tiny_study.Silent())
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
        "stack": read_stack(study).stack.digest,
        "plan": study.read_plan().digest,
        "opened": len(json.loads((study.locked / "openings.json").read_text())),
        "predictions": digest_file(study.locked / "predictions.parquet"),
        "probabilities": probabilities.tolist(),
        "left": len(left),
    }


def step(folder: Path) -> str:
    """Return how far a search had come when it was killed."""
    study = folder / "studies" / "killed"
    marks = {
        "export": study / "report" / "MODEL_CARD.md",
        "locked test": study / "stack.json",
        "trials": study / "material" / "material.json",
        "stage one": study / "prepared.json",
    }
    return next((name for name, mark in marks.items() if mark.exists()), "understanding")


def forked(folder: Path, given: dict) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work(folder, given)
            code = 0
        finally:  # whatever happened, the fork must not go on as its parent
            if code:
                traceback.print_exc()
            os._exit(code)
    return child


def main(folder: Path, kills: int, seed: int) -> None:
    rng = random.Random(seed)
    given = settings(folder)
    whole = folder / "whole"
    start = time.perf_counter()
    _, status = os.waitpid(forked(whole, given), 0)
    seconds = time.perf_counter() - start
    assert status == 0
    steps, ends, place = [], [], folder / "0"
    while len(steps) < kills or len(ends) < 1 or place.exists():
        child = forked(place, given)
        late = place.exists() and step(place) in {"locked test", "export"}
        if len(steps) < kills and not (late and rng.random() < LET_GO):
            deadline = time.monotonic() + rng.uniform(0.0, 0.5) * rng.choice([0.3, 1.0]) * seconds
            while time.monotonic() < deadline and os.waitpid(child, os.WNOHANG)[0] == 0:
                time.sleep(0.005)
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                pass
            else:
                steps.append(step(place))
                os.waitpid(child, 0)
                continue
        else:
            _, status = os.waitpid(child, 0)
            assert status == 0
        ends.append(outcome(place, given))
        shutil.rmtree(place)
        place = folder / str(len(ends))
    print(json.dumps({"whole": outcome(whole, given), "ends": ends, "steps": steps}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
