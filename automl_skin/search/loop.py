"""The loop of a search: propose, evaluate fold by fold, record in order.

At most `ahead` trials are under way. Trial n is proposed from the outcomes of trials 0 .. n - ahead and from
nothing else, and outcomes are recorded in the order of the numbers. So the table of trials depends on
`ahead` (and with it on the number of workers), but not on which worker was faster, and a search that was
killed and continued ends with the same table.

The objective of a search is the study's metric, or its robust form: with a sample of cases under shift a fold's
utility is the mean of the metric on the fold and of its mean over the shifts on the fold's sampled cases, all by
the chain of that fold.

A proposal that costs too much (`automl_skin.search.cost`) is recorded as stopped and never begun.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.chains.calibration import Calibrator, fit_calibrator
from automl_skin.chains.cost import ChainCost
from automl_skin.chains.fitted import cross_calibrate
from automl_skin.errors import IntegrityError, LeakageError, SearchError
from automl_skin.metrics.catalogue import METRICS, Metric
from automl_skin.metrics.folds import split_by_fold
from automl_skin.metrics.robust import robust_mean
from automl_skin.search.cost import why_too_costly
from automl_skin.search.evidence import trial_metrics
from automl_skin.search.material import Material
from automl_skin.search.objective import Bench, FoldOutcome, evaluate_fold
from automl_skin.search.propose import Proposal
from automl_skin.search.shifted import Sample
from automl_skin.search.trial import Predictions, TrialJournal, TrialPlan, TrialRecord, TrialRecorded

MAX_FAILURES_IN_A_ROW = 10

WORKER_ENDED = (
    "a worker process was killed from outside, perhaps because memory ran out. Give the same command again, with "
    "fewer --jobs if it happens twice; what is finished is kept"
)

Propose = Callable[[int, Sequence[TrialRecord], Sequence[TrialPlan]], Proposal | None]
"""``(number, known, pending) -> proposal``; None where there is nothing more to try."""


HasTime = Callable[[Sequence[TrialRecord], Sequence[float]], bool]
"""``(records, costs) -> whether there is time``; the estimated seconds are of the trials under way and of the next."""


def _in_turn(
    first: Callable[[FloatArray], FloatArray], second: Callable[[FloatArray], FloatArray]
) -> Callable[[FloatArray], FloatArray]:
    """Return two maps as one."""
    return lambda values: second(first(values))


def _tell_nobody(event: TrialRecorded) -> None:
    pass


@dataclass(frozen=True)
class Limits:
    """When a search ends.

    Parameters
    ----------
    trials : int
        Total of the study's trials; failed ones do not count.
    timeout_seconds : float or None
        No trial is begun after this.
    jobs : int
        Workers.
    has_time : callable, optional
        Asked before each trial but the baselines; where it says no, none is begun any more.
    """

    trials: int
    timeout_seconds: float | None = None
    jobs: int = 1
    has_time: HasTime | None = None

    @property
    def ahead(self) -> int:
        """How many trials may be under way; two per worker, so that none waits for the slowest."""
        return 1 if self.jobs == 1 else 2 * self.jobs


@dataclass
class Running:
    """A trial under way."""

    proposal: Proposal
    raw: FloatArray
    started: float = field(default_factory=time.time)
    utilities: list[float] = field(default_factory=list)
    aucs: list[float] = field(default_factory=list)
    seconds: float = 0.0
    outcome: tuple[str, str] | None = None  # state and reason, once it is over
    shifted: list[FloatArray] = field(default_factory=list)  # one per fold, where the objective is robust


class Search:
    """Runs trials until the limits are reached.

    Parameters
    ----------
    bench : Bench
    material : Material
        The same that the bench's folder holds.
    metric : Metric
        What is maximised.
    journal : TrialJournal
    propose : callable
        ``(number, known records, pending plans) -> Proposal``; None ends the search.
    tell : callable
        Called with every trial that is recorded; must not change it.
    sample : Sample, optional
        The cases under shift that `bench` has; with it the objective is robust.
    """

    def __init__(
        self,
        bench: Bench,
        material: Material,
        metric: Metric,
        journal: TrialJournal,
        propose: Propose,
        tell: Callable[[TrialRecorded], None] = _tell_nobody,
        sample: Sample | None = None,
    ) -> None:
        assert (sample is None) == (bench.shifted is None)
        self.bench = bench
        self.material = material
        self.metric = metric
        self.journal = journal
        self.propose = propose
        self.tell = tell
        self.sample = sample
        self.labels = material.labels
        self.rows: list[IntArray] = [
            np.flatnonzero(material.folds == fold) for fold in range(material.n_folds)
        ]
        self.folds = split_by_fold(self.labels, material.folds, metric)
        self.records = journal.read()
        self._check_material()
        cost = ChainCost(material.inputs, material.training_labels, material.kinds, material.n_folds)
        self._seconds = cache(cost.seconds)
        self.out_of_time = False
        self.running: dict[int, Running] = {}
        self.futures: dict[Future[FoldOutcome], int] = {}

    def run(self, limits: Limits, workers: Executor) -> list[TrialRecord]:
        """Run until the limits are reached and return all records.

        Raises
        ------
        SearchError
            If `MAX_FAILURES_IN_A_ROW` trials fail one after another, or another process runs the study.
        IntegrityError, LeakageError
            If a worker's material is damaged, or a chain would be scored on what it has seen.
        """
        with self.journal.held():
            return self._run(limits, workers)

    def _run(self, limits: Limits, workers: Executor) -> list[TrialRecord]:
        deadline = None if limits.timeout_seconds is None else time.monotonic() + limits.timeout_seconds
        while True:
            self._begin_trials(limits, workers, deadline)
            if not self.running:
                return self.records
            done, _ = wait(self.futures, return_when=FIRST_COMPLETED)
            for future in done:
                self._take_fold(self.futures.pop(future), future, workers)
            self._record_in_order()

    def _begin_trials(self, limits: Limits, workers: Executor, deadline: float | None) -> None:
        while len(self.running) < limits.ahead and not self._is_late(deadline):
            valid = sum(record.state != "failed" for record in self.records)
            if valid + len(self.running) >= limits.trials:
                return
            number = len(self.records) + len(self.running)
            known = self.records[: max(number - limits.ahead + 1, 0)]
            recent = [record.plan for record in self.records[len(known) :]]
            pending = [*recent, *(trial.proposal.plan for _, trial in sorted(self.running.items()))]
            raw = np.full((len(self.labels), self.material.n_classes), np.nan)
            proposal = self.propose(number, known, pending)
            if proposal is None:
                return
            if not self._fits(proposal, limits):
                self.out_of_time = True
                return
            self.running[number] = Running(proposal, raw)
            # fixed trials may cost what they like
            reason = why_too_costly(proposal.plan.config, known, self._seconds) if proposal.trial else ""
            if reason:
                self.running[number].outcome = ("stopped", reason)
            else:
                self._submit(number, workers)

    def _is_late(self, deadline: float | None) -> bool:
        return self.out_of_time or (deadline is not None and time.monotonic() > deadline)

    def _fits(self, proposal: Proposal, limits: Limits) -> bool:
        """Return whether there is time for a trial beside those under way; for baselines there always is."""
        if limits.has_time is None or proposal.plan.kind == "baseline":
            return True
        under_way = [trial.proposal.plan.config for trial in self.running.values()]
        return limits.has_time(
            self.records, [*map(self._seconds, under_way), self._seconds(proposal.plan.config)]
        )

    def _submit(self, number: int, workers: Executor) -> None:
        trial = self.running[number]
        fold = len(trial.utilities)
        try:
            future = workers.submit(evaluate_fold, self.bench, trial.proposal.plan.config, fold)
        except BrokenExecutor as error:
            raise SearchError(WORKER_ENDED) from error
        self.futures[future] = number

    def _take_fold(self, number: int, future: Future[FoldOutcome], workers: Executor) -> None:
        """Take a fold's outcome, and decide how the trial continues."""
        trial = self.running[number]
        error = future.exception()
        if isinstance(error, BrokenExecutor):
            raise SearchError(WORKER_ENDED) from error
        if isinstance(error, (IntegrityError, LeakageError)) or not isinstance(error, Exception | None):
            raise error  # no other configuration would help
        if error is not None:
            trial.outcome = ("failed", f"{type(error).__name__}: {error}")
            return
        outcome = future.result()
        rows, held, shifted = self.rows[len(trial.utilities)], outcome.held, outcome.shifted
        if not np.isfinite(held).all() or (shifted is not None and not np.isfinite(shifted).all()):
            trial.outcome = ("failed", "the head gave probabilities that are not finite")
            return
        trial.raw[rows] = held
        if shifted is not None:
            trial.shifted.append(shifted)
        trial.utilities = self._utilities(trial)
        trial.aucs.append(METRICS["auc"].function(self.labels[rows], held))
        trial.seconds += outcome.seconds
        if len(trial.utilities) == len(self.rows):
            trial.outcome = ("finished", "")
        elif trial.proposal.should_stop(trial.utilities):
            reason = f"below the median of finished trials after {len(trial.utilities)} folds"
            trial.outcome = ("stopped", reason)
        else:
            self._submit(number, workers)

    def _utilities(self, trial: Running) -> list[float]:
        """Return the objective on each fold that is there, greater is better.

        A metric that reads probabilities gets them calibrated, and decided where it judges decisions, each fold on the
        others that are there, so that a finished trial is worth what its calibrated probabilities are. The first fold
        alone is calibrated on itself: that flatters a trial which might be stopped, and never one that finished.
        """
        n_folds = len(trial.utilities) + 1
        if self.metric.of_ranks:
            return [*trial.utilities, self._utility(trial, n_folds - 1, lambda raw: raw, self.metric)]
        calibrators = []
        calibrated = np.full(trial.raw.shape, np.nan)
        for fold in range(n_folds):
            others = [rows for other, rows in enumerate(self.rows[:n_folds]) if other != fold or n_folds == 1]
            fitted = np.sort(np.concatenate(others))  # in the order of `cross_calibrate`: the same sums
            calibrators.append(fit_calibrator(trial.raw[fitted], self.labels[fitted]))
            calibrated[self.rows[fold]] = calibrators[-1].apply(trial.raw[self.rows[fold]])
        utilities = []
        for fold, calibrator in enumerate(calibrators):
            metric, decide = self.folds[fold].decisions(calibrated)
            prepare = _in_turn(calibrator.apply, decide)
            utilities.append(self._utility(trial, fold, prepare, metric))
        return utilities

    def _utility(
        self, trial: Running, fold: int, prepare: Callable[[FloatArray], FloatArray], metric: Metric
    ) -> float:
        rows = self.rows[fold]
        at_home = metric.utility(self.labels[rows], prepare(trial.raw[rows]))
        if self.sample is None:
            return at_home
        labels = self.labels[np.intersect1d(self.sample.positions, rows)]
        under = [metric.utility(labels, prepare(each)) for each in trial.shifted[fold]]
        return robust_mean(at_home, np.array(under))

    def _record_in_order(self) -> None:
        """Record the trials that are over, up to the first that is not."""
        while (number := len(self.records)) in self.running and self.running[number].outcome is not None:
            trial = self.running.pop(number)
            record, predictions = self._conclude(trial)
            stopped_midway = record.state == "stopped" and record.utilities
            self.journal.write(record, predictions, trial.raw if stopped_midway else None)
            self.records.append(record)
            self.tell(TrialRecorded(record, predictions))
            self._check_failures()

    def _conclude(self, trial: Running) -> tuple[TrialRecord, Predictions | None]:
        assert trial.outcome is not None
        state, reason = trial.outcome
        predictions: Predictions | None = None
        calibrators: list[Calibrator] = []
        if state == "finished":
            calibrators, calibrated = cross_calibrate(trial.raw, self.labels, self.material.folds)
            predictions = Predictions(trial.raw, calibrated, self._shifted(trial, calibrators))
        metrics = trial_metrics(
            self.material, trial.aucs, predictions, self.bench.seed, self.metric, self.sample
        )
        record = TrialRecord(
            trial.proposal.plan,
            state,  # type: ignore[arg-type]
            tuple(trial.utilities),
            tuple(trial.aucs),
            trial.seconds,
            trial.started,
            reason,
            metrics,
            tuple(calibrators),
            self.material.digest_for(trial.proposal.plan.config),
        )
        return record, predictions

    def _shifted(self, trial: Running, calibrators: Sequence[Calibrator]) -> FloatArray | None:
        """Return the sampled cases' probabilities under shift, each by its own fold's calibrator."""
        if self.sample is None:
            return None
        folds = self.material.folds[self.sample.positions]
        n_classes = self.material.n_classes
        whole = np.empty((len(self.sample.shifts), len(folds), n_classes))
        for fold, (calibrator, values) in enumerate(zip(calibrators, trial.shifted, strict=True)):
            flat = calibrator.apply(values.reshape(-1, n_classes))
            whole[:, folds == fold] = flat.reshape(values.shape)
        return whole

    def _check_material(self) -> None:
        other = [
            record.plan.number
            for record in self.records
            if record.material != self.material.digest_for(record.plan.config)
        ]
        if other:
            message = (
                f"{self.journal.folder}: expected trials of the same cases, folds and embeddings, got {len(other)} "
                f"(first: {other[0]}) that were measured on others. Restore the study's folder and its images, or "
                "begin another study"
            )
            raise IntegrityError(message)

    def _check_failures(self) -> None:
        last = self.records[-MAX_FAILURES_IN_A_ROW:]
        if len(last) == MAX_FAILURES_IN_A_ROW and all(record.state == "failed" for record in last):
            reasons = "; ".join(sorted({record.reason for record in last})[:3])
            message = (
                f"{MAX_FAILURES_IN_A_ROW} trials failed one after another ({reasons}). Fix the cause and give the "
                "same command again; what is finished is kept"
            )
            raise SearchError(message)
