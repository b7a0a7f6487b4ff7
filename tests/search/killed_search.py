"""Run a search, killed again and again by SIGKILL, and print what it ended with beside an unkilled one's.

``python killed_search.py FOLDER``: the search runs in forked children, so that imports are paid once.
"""

import hashlib
import importlib.util
import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from automl_skin.features.encoder import EncoderConfig
from automl_skin.metrics.catalogue import METRICS
from automl_skin.records import to_plain
from automl_skin.search import evidence, loop
from automl_skin.search.known import fixed_trials
from automl_skin.search.loop import Limits, Search
from automl_skin.search.objective import Bench, FoldOutcome
from automl_skin.search.propose import propose
from automl_skin.search.space import SpaceOptions
from automl_skin.search.trial import TrialJournal
from automl_skin.workers.processes import HereAndNow

OPTIONS = SpaceOptions(("net", "other"), ("plain",))
FIXED = fixed_trials(OPTIONS)
N_TRIALS = 60


def load(path):
    spec = importlib.util.spec_from_file_location("fabricated_material", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MATERIAL = load(Path(__file__).parent.parent / "material.py").fabricate(n_groups=80).development


def evaluate(bench, config, fold):
    digest = hashlib.sha256(json.dumps(to_plain(config), sort_keys=True).encode()).digest()
    labels = MATERIAL.labels[fold == MATERIAL.folds]
    scores = np.random.default_rng([*digest, fold]).normal(size=(len(labels), 2)) + np.eye(2)[labels]
    return FoldOutcome(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True), 0.0)


def search(folder):
    def propose_trial(number, known, pending):
        return FIXED[number] if number < len(FIXED) else propose(number, known, pending, OPTIONS, 0)

    bench = Bench(folder, EncoderConfig(), 0)
    journal = TrialJournal(folder / "trials")
    Search(bench, MATERIAL, METRICS["auc"], journal, propose_trial).run(Limits(N_TRIALS), HereAndNow())


def run_until_killed(folder, seconds):
    """Return whether the search was killed before it was done."""
    child = os.fork()
    if child == 0:
        search(folder)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def table(folder):
    journal = TrialJournal(folder / "trials")
    rows = []
    for record in journal.read():
        row = to_plain(record)
        del row["seconds"], row["started"]
        if record.state == "finished":
            row["raw"] = journal.predictions(record.plan.number).raw.tolist()
        rows.append(row)
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def main(folder):
    evidence.N_RESAMPLES = 20
    loop.evaluate_fold = evaluate
    start = time.perf_counter()
    search(folder / "whole")
    whole_seconds = time.perf_counter() - start
    rng = np.random.default_rng(0)
    kills = 0
    while run_until_killed(folder / "killed", whole_seconds / 18 * rng.random()):
        kills += 1
        if kills > 200:
            raise SystemExit("it does not come to an end")
    search(folder / "killed")
    left_over = [path.name for path in (folder / "killed" / "trials").glob(".writing-*")]
    facts = {"kills": kills, "whole": table(folder / "whole"), "killed": table(folder / "killed")}
    sys.stdout.write(json.dumps({**facts, "left_over": left_over}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
