"""One call of a search as MLflow sees it, and a tracker that keeps MLflow's failures away from the search."""

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mlflow.entities import Run

from automl_skin.search.trial import Predictions, TrialRecord
from automl_skin.tracking.entries import TRIAL, as_metrics, as_tags, end_of
from automl_skin.tracking.exhibits import Exhibits
from automl_skin.tracking.facts import CaseFacts, Conclusion, StudyFacts, TuningFacts
from automl_skin.tracking.parent import find_parent, open_parent, shared_tags
from automl_skin.tracking.runs import TrialRuns, TuningRuns, runs_of_study, sort_out
from automl_skin.tracking.store import Guard, Store, open_store

STACK_WEIGHT = "stack_weight"
NOTE = "mlflow.note.content"
"""A tag that the UI shows as the run's description."""


class Session:
    """Writes a study's runs during one call: catches up with the journal, follows the trials, concludes.

    Parameters
    ----------
    predictions_of : callable
        Gives the out-of-fold probabilities of a finished trial by its number.
    """

    def __init__(
        self,
        store: Store,
        facts: StudyFacts,
        exhibits: Exhibits,
        predictions_of: Callable[[int], Predictions],
    ) -> None:
        self.store = store
        self.predictions_of = predictions_of
        self.found: list[Run] = runs_of_study(store, facts.digest)
        self.parent = open_parent(store, facts, find_parent(self.found))
        towers = facts.settings.get("towers", "own")
        self.runs = TrialRuns(store, self.parent, shared_tags(facts), exhibits, towers)
        self.tunings = TuningRuns(store, self.parent, shared_tags(facts), self.found)
        self.former = {
            int(run.data.tags[TRIAL]): run.info.run_id
            for run in self.found
            if TRIAL in run.data.tags and STACK_WEIGHT in run.data.tags
        }
        self.best = float("-inf")

    def catch_up(self, records: Sequence[TrialRecord]) -> int:
        """Make the runs agree with the journal, and return how many trials had to be written."""
        trials = [
            record for record in records if record.plan.kind != "tuning"
        ]  # these have runs of their own
        whole, unwanted = sort_out(self.found, trials)
        for run_id in unwanted:
            self.store.client.delete_run(run_id)
        self.runs.ids |= whole
        for record in trials:
            leads = self._leads(record)
            if record.plan.number not in self.runs.ids:
                self._write(record, leads=leads)
        return len(trials) - len(whole)

    def trial_recorded(self, record: TrialRecord) -> None:
        """Write the run of a trial that is in the journal."""
        if record.plan.kind != "tuning":
            self._write(record, leads=self._leads(record))

    def conclude(self, conclusion: Conclusion) -> None:
        """Write what the search came to, and close the parent run."""
        client = self.store.client
        for record in conclusion.records:
            weight = conclusion.weights.get(record.plan.number)
            if weight is not None:
                self.runs.show(record.plan.number, self.predictions_of(record.plan.number))
                self.runs.tag(record.plan.number, STACK_WEIGHT, f"{weight:.3f}")
        for number, run_id in self.former.items():
            if number not in conclusion.weights:
                client.delete_tag(run_id, STACK_WEIGHT)
        for number, metrics in conclusion.trial_metrics.items():
            self.runs.measure(number, metrics)
        step = len(conclusion.records)
        entries = ((name, value, step) for name, value in conclusion.metrics.items() if math.isfinite(value))
        note = as_tags({NOTE: conclusion.note})
        client.log_batch(self.parent, as_metrics(entries, int(time.time() * 1000)), tags=note)
        self.store.log_files(self.parent, conclusion.files)
        for name, folder in conclusion.folders.items():
            client.log_artifacts(self.parent, str(folder), name)
        client.set_terminated(self.parent, "FINISHED")

    def interrupted(self, status: str) -> None:
        """Close the parent run of a search that did not come to its end."""
        self.store.client.set_terminated(self.parent, status)

    def _write(self, record: TrialRecord, *, leads: bool) -> None:
        worth_it = record.state == "finished" and (leads or record.plan.kind in {"baseline", "cell"})
        self.runs.write(record, self.predictions_of(record.plan.number) if worth_it else None)
        if leads:
            best = ("best_so_far", record.utility, record.plan.number)
            self.store.client.log_batch(self.parent, as_metrics(iter([best]), end_of(record)))

    def _leads(self, record: TrialRecord) -> bool:
        """Return whether a trial is the best so far, and remember it."""
        if record.state != "finished" or not record.utility > self.best:
            return False
        self.best = record.utility
        return True


class Tracker:
    """Writes a study to MLflow as long as MLflow can be written.

    After a failure nothing is tried again before the end of the search: a store that is gone would cost
    its time-out at every trial.

    Parameters
    ----------
    artifacts : Path
        Folder of the artefacts of a SQLite store.
    predictions_of : callable
        Gives the out-of-fold probabilities of a finished trial by its number.
    say : callable
        Takes one line for the user.
    """

    def __init__(
        self,
        uri: str,
        artifacts: Path,
        facts: StudyFacts,
        cases: CaseFacts,
        predictions_of: Callable[[int], Predictions],
        say: Callable[[str], None],
    ) -> None:
        self.uri = uri
        self.artifacts = artifacts
        self.facts = facts
        self.exhibits = Exhibits(cases)
        self.predictions_of = predictions_of
        self.guard = Guard(say)
        self.session: Session | None = None

    def open(self, records: Sequence[TrialRecord], tunings: Sequence[TuningFacts] = ()) -> None:
        """Open the store, begin or resume the parent run, and write what is on disk but not in MLflow."""
        self.session = None
        with self.guard():
            store = open_store(self.uri, self.facts.name, self.artifacts)
            session = Session(store, self.facts, self.exhibits, self.predictions_of)
            session.catch_up(records)
            session.tunings.catch_up(tunings)
            self.session = session

    def trial_recorded(self, record: TrialRecord) -> None:
        """Write the run of a trial."""
        self._write(lambda session: session.trial_recorded(record))

    def tuned(self, facts: TuningFacts) -> None:
        """Write the run of a tuning, unless it is there."""
        self._write(lambda session: session.tunings.write(facts))

    def _write(self, write: Callable[[Session], None]) -> None:
        session, self.session = self.session, None
        if session is None:
            return
        with self.guard():
            write(session)
            self.session = session

    def interrupted(self, status: str) -> None:
        """Close the parent run of a search that was interrupted (KILLED) or failed (FAILED)."""
        if self.session is not None:
            with self.guard():
                self.session.interrupted(status)

    def conclude(self, conclusion: Conclusion) -> None:
        """Write what the search came to; after a failure, first what is missing."""
        if self.session is None:
            self.open(conclusion.records, conclusion.tunings)
        if self.session is not None:
            with self.guard():
                self.session.conclude(conclusion)
