"""The clock of a search that is given a budget: what each step takes, and whether there is time for another trial.

What is used is written down every few seconds, so that a search that was killed continues with what is left. A step
that has not begun is estimated from what this search measured: embeddings under shift from those of stage one, fitting
chains again from the seconds of the trials that lead.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from automl_skin.chains.config import ChainConfig
from automl_skin.search.loop import HasTime
from automl_skin.search.trial import BASELINES, TrialPlan, TrialRecord, TrialRecorded
from automl_skin.steps.budget_plan import (
    SHIFTS,
    STAGE_ONE,
    TRIALS,
    TUNING,
    UNDERSTANDING,
    Needs,
    plan_budget,
    plan_lines,
)
from automl_skin.steps.events import Event, Listener, RoundBegan, RoundEnded, Said
from automl_skin.steps.forecast import SECONDS_OF_REPORT, Forecast
from automl_skin.steps.shifts import MAX_LEADERS
from automl_skin.steps.trial_cost import SECONDS_OF_RECORDING
from automl_skin.steps.trials import worker_count
from automl_skin.steps.tune import tuning_budget
from automl_skin.study.facts import Budget
from automl_skin.study.study import Study

Clock = Callable[[], float]

SECONDS_BETWEEN_WRITES = 2.0

MEMBERS = 5
"""Trials that a stack usually has."""

FITS_OF_MEMBER = 3.0
"""How often a member is fitted again: once for new cases, and twice as many chains without two of five folds."""

SECONDS_PER_TRIAL = 0.2
"""That stacking and the report take longer with every trial."""

MIN_SECONDS_OF_PACE = 5.0
"""Seconds that were planned for stage one from which its pace is known."""


class Spending:
    """What a call uses of a study's budget; a `Listener`, and nothing at all without a budget.

    Parameters
    ----------
    study : Study
    clock : callable
        Returns seconds.
    began : float, optional
        When the call began, by that clock; now by default.
    """

    def __init__(self, study: Study, clock: Clock = time.monotonic, began: float | None = None) -> None:
        self.study, self.clock = study, clock
        self.budget: Budget | None = study.current_budget
        self.used = dict(self.budget.used) if self.budget else {}
        self.step = UNDERSTANDING
        self.trials_seconds = 0.0  # of this call
        self.known = 0  # trials of earlier calls
        self.shift_seconds = 0.0
        self.starting: float | None = None  # seconds until the workers had begun, once a trial is over
        self._last = self._written = clock() if began is None else began

    @property
    def seconds_left(self) -> float:
        """Seconds that are left; negative where more were used."""
        assert self.study.config.budget_seconds is not None
        self._count()
        return self.study.config.budget_seconds - sum(self.used.values())

    def __call__(self, event: Event) -> None:
        """Notice that tuning begins or ends, and write down what is used."""
        match event:
            case RoundBegan():
                self.begin(TUNING)
            case RoundEnded():
                self.begin(TRIALS)
            case TrialRecorded(TrialRecord(plan=TrialPlan(kind=kind)) as record) if kind != "tuning":
                self._count()
                if self.starting is None:
                    self.starting = max(self.trials_seconds - record.seconds, 0.0)
            case _:
                self._count()
        if self.clock() - self._written >= SECONDS_BETWEEN_WRITES:
            self.write()

    def begin(self, step: str) -> None:
        """Count the time from now on for a step."""
        self._count()
        self.step = step
        self.write()

    def write(self) -> None:
        """Write down what is used, once there is a plan."""
        self._count()
        self._written = self._last
        if self.budget is not None:
            self.budget = replace(self.budget, used=dict(self.used))
            self.study.budget.write(self.budget)

    def plan(self, make_forecast: Callable[[], Forecast], tell: Listener) -> None:
        """Divide the budget, unless that was done for the same budget in an earlier call.

        Raises
        ------
        ConfigError
            If there is no time for the least of a search.
        """
        seconds = self.study.config.budget_seconds
        if seconds is None:
            return
        if self.budget is None or self.budget.seconds != seconds:
            found = make_forecast()
            self._count()
            kept = (
                self.budget.shift_cases if self.budget and self.study.config.objective == "robust" else None
            )
            needs = needs_of(self.study, found, kept)
            self.budget = plan_budget(seconds, self.used, needs)
            self.write()
        tell(Said(f"Budget:   {'; '.join(plan_lines(self.budget))}"))

    def begin_trials(self, n_records: int) -> None:
        """Count the time for trials from now on; how the shifts will go is learned from how stage one went.

        Parameters
        ----------
        n_records : int
            Trials of earlier calls.
        """
        self.known = n_records
        self.begin(TRIALS)
        if self.budget is None or self.study.config.objective == "robust":  # these are embedded already
            return
        planned, used = self.budget.planned[STAGE_ONE], self.used.get(STAGE_ONE, 0.0)
        pace = used / planned if planned >= MIN_SECONDS_OF_PACE else 1.0
        self.shift_seconds = pace * self.budget.planned[SHIFTS]

    def limit(self, seconds: Callable[[ChainConfig], float]) -> HasTime | None:
        """Return what the search asks before each trial, that it fit beside what comes after; None without a budget.

        Parameters
        ----------
        seconds : callable
            Estimates what a chain costs.
        """
        if self.budget is None:
            return None

        def has_time(records: Sequence[TrialRecord], costs: Sequence[float]) -> bool:
            new = records[self.known :]
            under_way = sum(cost + SECONDS_OF_RECORDING for cost in costs) * self._pace(new, seconds)
            return self.seconds_left >= under_way + self.reserve(records, slowness(new, seconds))

        return has_time

    def reserve(self, records: Sequence[TrialRecord], slower: float = 1.0) -> float:
        """Return the seconds of all that comes after the trials.

        Parameters
        ----------
        slower : float
            How many times as long as on an idle machine things take here.
        """
        jobs = worker_count(self.study)
        done = [record for record in records if record.state == "finished"]
        done.sort(key=lambda record: -record.utility)
        leaders = done[:MAX_LEADERS]
        leading = sum(record.seconds for record in leaders)
        baselines = sum(record.seconds for record in done if record.plan.name in BASELINES)
        member = leading / len(leaders) if leaders else 0.0
        stack = FITS_OF_MEMBER * member * min(MEMBERS, len(leaders)) + member + baselines
        fits = stack + (leading if self.shift_seconds else 0.0)
        starts = (3 if self.shift_seconds else 2) * (self.starting or 0.0)
        figures = SECONDS_OF_REPORT + SECONDS_PER_TRIAL * len(records)
        return fits / jobs + starts + figures * slower + self.shift_seconds

    def _pace(self, new: Sequence[TrialRecord], seconds: Callable[[ChainConfig], float]) -> float:
        """Return the seconds of the clock per estimated second of trials, the workers and all else included."""
        if len(new) < len(BASELINES):
            return 1.0 / worker_count(self.study)
        estimated = estimated_seconds(new, seconds) + SECONDS_OF_RECORDING * len(new)
        return (self.trials_seconds - (self.starting or 0.0)) / estimated

    def _count(self) -> None:
        now = self.clock()
        self.used[self.step] = self.used.get(self.step, 0.0) + now - self._last
        self.trials_seconds += now - self._last if self.step == TRIALS else 0.0
        self._last = now


def estimated_seconds(records: Sequence[TrialRecord], seconds: Callable[[ChainConfig], float]) -> float:
    """Return what the folds that trials came to cost, by estimate."""
    n_folds = max((len(each.utilities) for each in records), default=0)
    return sum(
        len(each.utilities) / n_folds * seconds(each.plan.config) for each in records if each.utilities
    )


def slowness(records: Sequence[TrialRecord], seconds: Callable[[ChainConfig], float]) -> float:
    """Return how many times as long as by estimate trials take here, at least 1; 1 where too few are known."""
    estimated = estimated_seconds(records, seconds)
    if len(records) < len(BASELINES) or not estimated:
        return 1.0
    return max(sum(each.seconds for each in records) / estimated, 1.0)


def needs_of(study: Study, found: Forecast, shift_cases: int | None = None) -> Needs:
    """Return what the steps of a study would take."""
    config = study.config
    return Needs(
        stage_one=found.stage_one,
        cost=found.cost,
        jobs=found.jobs,
        shift_cases=found.shift_cases if shift_cases is None else shift_cases,
        shift_seconds=found.images_per_case * found.shifts(1),
        tuning=tuning_budget(config),
        max_trials=config.max_trials,
        robust=config.objective == "robust",
    )
