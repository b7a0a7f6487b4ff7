"""The runs of a study's trials and tunings: written whole, found again, never twice.

A run is closed last, after everything else of it is written. So a run that is not closed is what a kill has
left of one; it is deleted, and written again from the study's journal, or from its rounds for a tuning, which are
the truth.
"""

import math
import time
from collections.abc import Iterator, Mapping, Sequence

from mlflow.entities import Metric, Run

from automl_skin.search.trial import Predictions, TrialRecord
from automl_skin.tracking.entries import (
    MAX_VALUE_LENGTH,
    SEARCH,
    STATUS,
    STUDY_DIGEST,
    TRIAL,
    TUNING,
    as_metrics,
    as_params,
    end_of,
    start_of,
    trial_metrics,
    trial_params,
    trial_tags,
)
from automl_skin.tracking.exhibits import OVERVIEW, Exhibits
from automl_skin.tracking.facts import TuningFacts
from automl_skin.tracking.store import Store

PAGE = 1_000
CLOSED = frozenset(STATUS.values())


def runs_of_study(store: Store, digest: str) -> list[Run]:
    """Return all runs of a study, its parent run included, the oldest first."""
    runs: list[Run] = []
    token = None
    while True:
        page = store.client.search_runs(
            [store.experiment_id],
            filter_string=f"tags.`{STUDY_DIGEST}` = '{digest}'",
            max_results=PAGE,
            order_by=["attributes.start_time ASC"],
            page_token=token,
        )
        runs += page
        token = page.token
        if not token:
            return runs


def sort_out(runs: Sequence[Run], records: Sequence[TrialRecord]) -> tuple[dict[int, str], list[str]]:
    """Return the ids of the whole runs by trial, and the ids of those that must go.

    A run goes if it was never closed, is a second one of its trial, or is not of what the journal says.
    """
    begun = {record.plan.number: start_of(record) for record in records}
    whole: dict[int, str] = {}
    unwanted = []
    for run in runs:
        if TRIAL not in run.data.tags:
            continue
        number = int(run.data.tags[TRIAL])
        is_whole = run.info.status in CLOSED and begun.get(number) == run.info.start_time
        if is_whole and number not in whole:
            whole[number] = run.info.run_id
        else:
            unwanted.append(run.info.run_id)
    return whole, unwanted


TUNING_STATUS = {"finished": "FINISHED", "failed": "FAILED", "skipped": "KILLED"}


class TrialRuns:
    """Writes one run per trial.

    Parameters
    ----------
    parent : str
        Id of the search's run.
    shared : mapping of str to str
        Tags that every run of the study has.
    towers : str
        How towers are tuned: the study's setting.
    """

    def __init__(
        self,
        store: Store,
        parent: str,
        shared: Mapping[str, str],
        exhibits: Exhibits,
        towers: str = "own",
    ) -> None:
        self.towers = towers
        self.store = store
        self.shared = {**shared, SEARCH: parent}
        self.exhibits = exhibits
        self.ids: dict[int, str] = {}
        self.shown: set[int] = set()

    def write(self, record: TrialRecord, predictions: Predictions | None) -> None:
        """Write the run of a trial; with artefacts where there are predictions to show."""
        client, number = self.store.client, record.plan.number
        tags = {**self.shared, **trial_tags(record)}
        run = client.create_run(self.store.experiment_id, start_of(record), tags, run_name=record.plan.title)
        run_id = run.info.run_id
        metrics = as_metrics(trial_metrics(record), end_of(record))
        client.log_batch(run_id, metrics, as_params(trial_params(record.plan, self.towers)))
        if predictions is not None:
            self.exhibits.log(self.store, run_id, predictions)
            self.shown.add(number)
        client.set_terminated(run_id, STATUS[record.state], end_of(record))
        self.ids[number] = run_id

    def show(self, number: int, predictions: Predictions) -> None:
        """Add the artefacts to a run that has none yet."""
        run_id = self.ids[number]
        if number not in self.shown and not self._has_overview(run_id):
            self.exhibits.log(self.store, run_id, predictions)
        self.shown.add(number)

    def measure(self, number: int, metrics: Mapping[str, float]) -> None:
        """Add metrics to a trial's run; those of an earlier call are written over by being later."""
        entries = ((name, value, 0) for name, value in metrics.items())
        self.store.client.log_batch(self.ids[number], as_metrics(entries, int(time.time() * 1000)))

    def tag(self, number: int, name: str, value: str) -> None:
        """Set a tag of a trial's run."""
        self.store.client.set_tag(self.ids[number], name, value)

    def _has_overview(self, run_id: str) -> bool:
        return any(file.path == OVERVIEW for file in self.store.client.list_artifacts(run_id))


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
        tags = {name: value[:MAX_VALUE_LENGTH] for name, value in tags.items() if value}
        run = client.create_run(self.store.experiment_id, tuning_start(facts), tags, run_name=facts.title)
        run_id = run.info.run_id
        client.log_batch(run_id, list(tuning_metrics(facts)), as_params(facts.params))
        self.store.log_files(run_id, facts.files)
        client.set_terminated(
            run_id, TUNING_STATUS[facts.state], tuning_start(facts) + round(facts.seconds * 1000)
        )
        self.ids[facts.name] = run_id


def tuning_start(facts: TuningFacts) -> int:
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
    return bool(run.info.status == TUNING_STATUS[facts.state] and run.info.start_time == tuning_start(facts))
