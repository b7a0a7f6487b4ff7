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
from automl_skin.search.trial import BASELINES, TrialRecord
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

SECONDS_OF_WORKERS = 6.0
"""Of starting a pool of processes, which import what they need."""

SECONDS_PER_TRIAL = 0.1
"""That stacking, and the report, take longer with every trial."""

MIN_SECONDS_OF_PACE = 5.0
"""Seconds that were planned for stage one from which its pace is known."""


class Spending:
    """What a call uses of a study's budget; a `Listener`, and nothing at all without a budget.

    Parameters
    ----------
    study : Study
    clock : callable
        Returns seconds.
    """

    def __init__(self, study: Study, clock: Clock = time.monotonic) -> None:
        self.study, self.clock = study, clock
        self.budget: Budget | None = study.current_budget
        self.used = dict(self.budget.used) if self.budget else {}
        self.step = UNDERSTANDING
        self.trials_seconds = 0.0  # of this call
        self.known = 0  # trials of earlier calls
        self.shift_seconds = 0.0
        self._last = self._written = clock()

    @property
    def is_limited(self) -> bool:
        """Whether the study is given a budget."""
        return self.study.config.budget_seconds is not None

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
            pace = self._pace(records, seconds)
            under_way = sum(cost + SECONDS_OF_RECORDING for cost in costs) * pace
            return self.seconds_left >= under_way + self.reserve(records)

        return has_time

    def reserve(self, records: Sequence[TrialRecord]) -> float:
        """Return the seconds of all that comes after the trials."""
        jobs = worker_count(self.study)
        done = [record for record in records if record.state == "finished"]
        done.sort(key=lambda record: -record.utility)
        leaders = done[:MAX_LEADERS]
        leading = sum(record.seconds for record in leaders)
        baselines = sum(record.seconds for record in done if record.plan.name in BASELINES)
        member = leading / len(leaders) if leaders else 0.0
        stack = FITS_OF_MEMBER * member * min(MEMBERS, len(leaders)) + member + baselines
        fits = stack + (leading if self.shift_seconds else 0.0)
        starts = 0.0 if jobs == 1 else 3 * SECONDS_OF_WORKERS
        growing = 2 * SECONDS_PER_TRIAL * len(records)
        return fits / jobs + starts + growing + self.shift_seconds + SECONDS_OF_REPORT

    def _pace(self, records: Sequence[TrialRecord], seconds: Callable[[ChainConfig], float]) -> float:
        """Return the seconds of the clock per estimated second of trials, the workers and all else included."""
        new = records[self.known :]
        n_folds = max((len(each.utilities) for each in records), default=1)
        estimated = sum(
            len(each.utilities) / max(n_folds, 1) * seconds(each.plan.config) + SECONDS_OF_RECORDING
            for each in new
        )
        if len(new) < len(BASELINES):
            return 1.0 / worker_count(self.study)
        return self.trials_seconds / estimated

    def _count(self) -> None:
        now = self.clock()
        self.used[self.step] = self.used.get(self.step, 0.0) + now - self._last
        self.trials_seconds += now - self._last if self.step == TRIALS else 0.0
        self._last = now


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
