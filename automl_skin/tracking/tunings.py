"""The runs of tunings: one per set and tuning, written whole and never twice.

The rounds in the study's folder are the truth, as the journal is of the trials.
"""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow.entities import Metric, Run

from automl_skin.tracking.entries import LONGEST_VALUE, SEARCH, TUNING, as_params
from automl_skin.tracking.facts import TuningFacts
from automl_skin.tracking.store import Store

STATUS = {"finished": "FINISHED", "failed": "FAILED", "skipped": "KILLED"}


class TuningRuns:
    """Writes one run per tuning.

    Parameters
    ----------
    parent : str
        Id of the search's run.
    shared : mapping of str to str
        Tags that every run of the study has.
    found : sequence of Run
        The study's runs as the store has them.
    """

    def __init__(self, store: Store, parent: str, shared: Mapping[str, str], found: Sequence[Run]) -> None:
        self.store = store
        self.shared = {**shared, SEARCH: parent}
        self.found = [run for run in found if TUNING in run.data.tags]
        self.ids: dict[str, str] = {}

    def catch_up(self, tunings: Sequence[TuningFacts]) -> None:
        """Make the runs agree with the rounds: keep the whole ones, delete the others, write what is missing."""
        wanted = {facts.name: facts for facts in tunings}
        for run in self.found:
            name = run.data.tags[TUNING]
            if name not in self.ids and name in wanted and _is_whole(run, wanted[name]):
                self.ids[name] = run.info.run_id
            else:
                self.store.client.delete_run(run.info.run_id)
        self.found = []
        for facts in tunings:
            self.write(facts)

    def write(self, facts: TuningFacts) -> None:
        """Write the run of a tuning, unless it is there; it is closed last."""
        if facts.name in self.ids:
            return
        client = self.store.client
        tags = {**self.shared, TUNING: facts.name, "kind": "tuning", **facts.tags}
        tags = {name: value[:LONGEST_VALUE] for name, value in tags.items() if value}
        run = client.create_run(self.store.experiment_id, start_of(facts), tags, run_name=facts.title)
        run_id = run.info.run_id
        client.log_batch(run_id, list(tuning_metrics(facts)), as_params(facts.params))
        with TemporaryDirectory() as folder:
            for name, content in facts.files.items():
                Path(folder, name).write_bytes(content)
            client.log_artifacts(run_id, folder)
        client.set_terminated(run_id, STATUS[facts.state], start_of(facts) + round(facts.seconds * 1000))
        self.ids[facts.name] = run_id


def start_of(facts: TuningFacts) -> int:
    """Return the milliseconds since 1970 at which a tuning began."""
    return int(facts.began * 1000)


def tuning_metrics(facts: TuningFacts) -> Iterator[Metric]:
    """Yield loss and inner AUC of every network with the epoch as step, and the figures of the whole tuning."""
    now = int(time.time() * 1000)
    for name, value in facts.metrics.items():
        if math.isfinite(value):
            yield Metric(name, value, now, 0)
    for network, curve in facts.curves.items():
        for epoch in curve:
            for name, value in (("loss", epoch.loss), ("inner_auc", epoch.inner_auc)):
                if math.isfinite(value):
                    yield Metric(f"{network}_{name}", value, now, epoch.number)


def _is_whole(run: Run, facts: TuningFacts) -> bool:
    return bool(run.info.status == STATUS[facts.state] and run.info.start_time == start_of(facts))
