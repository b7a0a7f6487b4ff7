"""From the facts of a study to a session, with failures kept away from the search."""

from collections.abc import Callable, Sequence
from pathlib import Path

from automl_skin.search.trial import Predictions, TrialRecord
from automl_skin.tracking.exhibits import Exhibits
from automl_skin.tracking.facts import CaseFacts, Conclusion, StudyFacts, TuningFacts
from automl_skin.tracking.session import Session
from automl_skin.tracking.store import Guard, open_store


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
