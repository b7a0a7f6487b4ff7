"""A process that forks searches with tuning: ``python killed_tuned_study.py FOLDER KILLS SEED``.

Everything is imported once. Two searches run undisturbed from empty folders; further ones are ended by SIGKILL after a
random time and continued, in a new folder with an empty cache whenever one comes to its end, until enough were killed.
The processes that tune are not killed: they must end by themselves, or the continued search must wait for them. Prints
one JSON object: what each search came to, and how far it was at each kill.
"""

import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

import torch

from automl_skin.digests import digest_file
from automl_skin.settings import Workspace
from automl_skin.synthetic.study import generate
from automl_skin.workflow.leaderboard import trial_table
from automl_skin.workflow.rounds import round_files
from automl_skin.workflow.search import run_search
from automl_skin.workflow.stack import read_stack
from automl_skin.workflow.study import open_study

sys.path.insert(0, str(Path(__file__).parents[1]))
import tiny_study


def settings(folder: Path) -> dict:
    made = generate(folder / "data", n_lesions=70, seed=3)
    places = {"data": str(made.table), "images": str(made.images)}
    wanted = {"tuning": ["full"], "tuning_set": ["epochs=6"], "shift_cases": 0, "trials": 14}
    return {**places, **tiny_study.SETTINGS, **tiny_study.BINARY, **wanted}


def study_in(folder: Path, given: dict):
    return open_study(Workspace.at(folder, folder / "cache"), "tuned", given)


def outcome(folder: Path, given: dict) -> dict:
    """Return all that must not depend on kills."""
    study = study_in(folder, given)
    networks = (folder / "cache" / "networks").glob("*/*.safetensors")
    return {
        "trials": trial_table(study.journal.read()).to_json(),
        "networks": {f"{path.parent.name}/{path.name}": digest_file(path) for path in sorted(networks)},
        "rounds": [[step.title for step in this.decision.steps] for this in round_files(study).read()],
        "stack": read_stack(study).stack.digest,
        "predictions": digest_file(study.locked / "predictions.parquet"),
        "openings": len(json.loads((study.locked / "openings.json").read_text())),
    }


def step(folder: Path, given: dict) -> str:
    """Return how far a search has come."""
    study = study_in(folder, given)
    if (study.folder / "stack.json").exists():
        return "locked test"
    rounds = round_files(study).read()
    if not rounds:
        return "before tuning"
    return "trials of tuned networks" if rounds[-1].is_over else "tuning"


def forked(folder: Path, given: dict) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            torch.set_num_threads(1)
            run_search(study_in(folder, given), tiny_study.Silent())
            code = 0
        finally:  # whatever happened, the fork must not go on as its parent
            if code:
                traceback.print_exc()
            os._exit(code)
    return child


def finish(folder: Path, given: dict) -> dict:
    _, status = os.waitpid(forked(folder, given), 0)
    assert status == 0
    return outcome(folder, given)


def kill_after(seconds: float, child: int) -> bool:
    """Kill a search after some time; return False if it came to its end before."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert status == 0
            return False
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def main(folder: Path, kills: int, seed: int) -> None:
    rng = random.Random(seed)
    given = settings(folder)
    start = time.perf_counter()
    ends = [finish(folder / "whole", given)]
    seconds = time.perf_counter() - start
    ends.append(finish(folder / "again", given))
    steps: list[str] = []
    place = folder / "0"
    while len(steps) < kills:
        if kill_after(rng.uniform(0.1, 0.8) * seconds, forked(place, given)):
            steps.append(step(place, given))
        else:
            ends.append(outcome(place, given))
            place = folder / str(len(ends))
    ends.append(finish(place, given))
    print(json.dumps({"ends": ends, "steps": steps, "seconds": seconds}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
