"""A process that forks searches with tuning: ``python killed_tuned_study.py FOLDER SEED``.

Everything is imported once. Two searches run undisturbed from empty folders, and say how long each step takes. A third
one has processes of its own that tune. It is ended by SIGKILL once in each of four steps, at a random moment, and at
last left to come to its end. The processes that tune are not killed: they must end by themselves, or the continued
search must wait for them. Prints one JSON object: what each search came to, and in which step each kill fell.
"""

import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from automl_skin.digests import digest_file
from automl_skin.embeddings import tuning
from automl_skin.embeddings.networks import NetworkStore
from automl_skin.embeddings.tuning import TuningJob
from automl_skin.settings import Workspace
from automl_skin.steps import tune
from automl_skin.steps.leaderboard import trial_table
from automl_skin.steps.search import run_search
from automl_skin.study.round_files import RoundFiles
from automl_skin.study.study import open_study
from automl_skin.synthetic.study import generate

sys.path.insert(0, str(Path(__file__).parents[1]))
import forks
import tiny_study

STEPS = ("before tuning", "tuning", "tuning of the other folds", "trials of tuned networks", "locked test")
KILLED = (0, 1, 3, 4)
"""Steps with a kill: that of tuning falls while the first networks are trained."""


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
        "rounds": [[step.title for step in this.decision.steps] for this in study.rounds.read()],
        "stack": study.stack.read().stack.digest,
        "predictions": digest_file(study.locked_predictions),
        "openings": len(json.loads((study.locked / "openings.json").read_text())),
    }


def search(folder: Path, given: dict) -> None:
    """Search as the command does, networks being tuned by processes of its own."""
    run_search(study_in(folder, given))


def search_here(folder: Path, given: dict) -> None:
    """Search with networks tuned in this process, which spares starting others."""
    tune.tune_networks = tune_here
    search(folder, given)


def tune_here(jobs: Sequence[TuningJob], store: NetworkStore, devices: Sequence[str], *_: object) -> list:
    for job in jobs:
        tuning.tune_one(job, store.folder, devices[0])
    return [store.find(job.key) for job in jobs]


def step(folder: Path) -> int:
    """Return which step a search has come to."""
    study, networks = folder / "studies" / "tuned", folder / "cache" / "networks"
    rounds = RoundFiles(study / "tuning").read()
    begun = (
        any(networks.glob("*/curve.csv")),
        any(networks.glob("*/digests.json")),
        bool(rounds) and rounds[-1].is_over,
        (study / "stack.json").exists(),
    )
    return sum(begun)


def undisturbed(folder: Path, given: dict) -> list[float]:
    """Search; return how long each step took."""
    begun = [time.monotonic()]
    child = forks.forked(lambda: search_here(folder, given))
    while not forks.ended(child):
        begun += [time.monotonic()] * (step(folder) - len(begun) + 1)
        time.sleep(forks.POLL_SECONDS)
    assert len(begun) == len(STEPS)
    return [end - begin for begin, end in zip(begun, [*begun[1:], time.monotonic()], strict=True)]


def kill(folder: Path, given: dict, wanted: int, seconds: float) -> str:
    """Begin or continue a search and kill it so long after it has come to a step, or when it comes to the next.

    Returns the step that it had come to.
    """
    reached, left = (lambda: step(folder) >= wanted), (lambda: step(folder) > wanted)
    assert forks.killed(forks.forked(lambda: search(folder, given)), seconds, reached, left)
    return STEPS[step(folder)]


def main(folder: Path, seed: int) -> None:
    torch.set_num_threads(1)
    rng = random.Random(seed)
    given = settings(folder)
    seconds = undisturbed(folder / "whole", given)
    forks.finish(lambda: search_here(folder / "again", given))
    fell = [
        kill(folder / "killed", given, wanted, rng.uniform(0.0, 0.7) * seconds[wanted]) for wanted in KILLED
    ]
    forks.finish(lambda: search(folder / "killed", given))
    ends = {name: outcome(folder / name, given) for name in ("whole", "again", "killed")}
    print(json.dumps({**ends, "steps": fell, "seconds": seconds}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
