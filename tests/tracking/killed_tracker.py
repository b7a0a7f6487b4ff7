"""A process that forks searches and kills them: ``python killed_tracker.py FOLDER URI N_TRIALS KILLS SEED``.

Everything is imported once; each search is a fork of this process that goes on where the journal ends, and tells MLflow
of its made-up trials. At so many numbers of trials it is ended by SIGKILL twice: a random time after it has recorded
that trial, and again a random time after it was continued. At last it is left to come to its end. Prints a JSON list:
how many trials the journal had at each kill.
"""

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path

import fabricated

sys.path.insert(0, str(Path(__file__).parents[1]))
import forks

SECONDS = 0.5
"""How late a kill may be: a few trials, or most of what a search does before it continues."""


def search(folder: Path, uri: str, n_trials: int) -> None:
    study = fabricated.FakeStudy(folder)
    tracker = study.tracker(uri)
    tracker.open(study.journal.read())
    records = study.run(n_trials, tracker)
    tracker.conclude(study.conclusion({0: 0.5, len(records) - 1: 0.5}))
    assert study.messages == []


def n_recorded(folder: Path) -> int:
    return sum(path.stem.isdecimal() for path in (folder / "trials").glob("*.json"))


def kill(work: Callable[[], None], folder: Path, wanted: int, seconds: float, step: int) -> int:
    """Begin or continue a search and kill it so long after it has so many trials, or when it has a step more.

    Returns how many it had.
    """
    reached, left = (lambda: n_recorded(folder) >= wanted), (lambda: n_recorded(folder) >= wanted + step)
    assert forks.killed(forks.forked(work), seconds, reached, left)
    return n_recorded(folder)


def main(folder: Path, uri: str, n_trials: int, kills: int, seed: int) -> None:
    moments = random.Random(seed)
    step = n_trials // kills
    wanted = [step * number for number in range(kills) for _ in range(2)]

    def work() -> None:
        search(folder, uri, n_trials)

    recorded = [kill(work, folder, number, moments.uniform(0.0, SECONDS), step) for number in wanted]
    forks.finish(work)
    print(json.dumps(recorded))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
