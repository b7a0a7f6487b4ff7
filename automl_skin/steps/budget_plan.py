"""Dividing the time that a study is given among its steps; pure functions of estimates.

What must be done at any rate (stage one, the baselines, stack, report) is set aside first. Of what remains a fifth at
most goes to the shifts, which look at as many cases as fit; tuning, where it is asked for, gets half of the rest, and
trials get what is left.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from automl_skin.errors import ConfigError
from automl_skin.search.trial import BASELINES
from automl_skin.search.tuning_plan import in_words
from automl_skin.steps.forecast import REFITTED, SECONDS_OF_REPORT
from automl_skin.steps.trial_cost import SECONDS_OF_RECORDING, TrialCost
from automl_skin.study.facts import Budget

UNDERSTANDING, STAGE_ONE, TUNING, TRIALS = "understanding", "stage one", "tuning", "trials"
STACK, SHIFTS, REPORT = "stack", "shifts", "report"
STEPS = (UNDERSTANDING, STAGE_ONE, TUNING, TRIALS, STACK, SHIFTS, REPORT)
"""Into which a budget is divided; the stack includes its locked test, the report all figures beside it."""

MAX_SHARE_OF_SHIFTS = 0.2
"""Of what is left for trials, tuning and shifts together."""

MIN_SHIFT_CASES = 100
"""With fewer, a change under shift cannot be told from none."""

SHARE_OF_TUNING = 0.5

SECONDS_OF_WORKERS = 6.0
"""Of starting a pool of processes, which import what they need."""


@dataclass(frozen=True)
class Needs:
    """What the steps of a search would take.

    Parameters
    ----------
    stage_one : float
        Seconds of embedding what is missing.
    cost : TrialCost
    jobs : int
        Workers.
    shift_cases : int
        Cases that the study asks to be looked at under shift.
    shift_seconds : float
        Of one of them, under every shift and by every network.
    tuning : float or None
        Seconds that tuning may take: 0 for none at all, None for as long as it takes.
    max_trials : int
    robust : bool
        Whether trials are scored under shift, so that a search without shifts is none.
    """

    stage_one: float
    cost: TrialCost
    jobs: int
    shift_cases: int
    shift_seconds: float
    tuning: float | None
    max_trials: int
    robust: bool = False

    @property
    def min_shift_cases(self) -> int:
        """As few as are worth looking at."""
        return min(MIN_SHIFT_CASES, self.shift_cases)

    def stack_seconds(self, n_refitted: int) -> float:
        """Return the seconds of fitting some trials again, by workers that are started twice."""
        starts = 0.0 if self.jobs == 1 else 2 * SECONDS_OF_WORKERS
        return self.cost.refit_seconds(n_refitted, self.jobs) + starts

    @property
    def least(self) -> dict[str, float]:
        """Seconds by step of the least that a search may be: stage one, the baselines, stack and report."""
        n_baselines = min(len(BASELINES), len(self.cost.fixed))
        least = {
            STAGE_ONE: self.stage_one,
            TRIALS: sum(self.cost.fixed[:n_baselines]) / self.jobs + n_baselines * SECONDS_OF_RECORDING,
            STACK: self.stack_seconds(n_baselines),
            REPORT: SECONDS_OF_REPORT,
        }
        return {**least, SHIFTS: self.min_shift_cases * self.shift_seconds} if self.robust else least


def plan_budget(seconds: float, used: Mapping[str, float], needs: Needs) -> Budget:
    """Divide a budget among the steps.

    Parameters
    ----------
    used : mapping of str to float
        Seconds that were used before, by step.

    Raises
    ------
    ConfigError
        If there is no time for the least of a search; the message says what that takes.
    """
    least, gone = needs.least, sum(used.values())
    if gone + sum(least.values()) > seconds:
        raise ConfigError(too_little(seconds, gone, least))
    left = seconds - gone - needs.stage_one - SECONDS_OF_REPORT
    # a short budget has few trials, and fewer leaders to fit again
    stack = min(needs.stack_seconds(REFITTED), max(left / 4.0, least[STACK]))
    fixed = {STAGE_ONE: needs.stage_one, STACK: stack}
    left -= stack
    shift_cases = _count_shift_cases(needs, left)
    shifts = shift_cases * needs.shift_seconds
    left -= shifts
    wanted = math.inf if needs.tuning is None else needs.tuning
    tuning = min(wanted, SHARE_OF_TUNING * left)
    n_trials = count_trials(left - tuning, needs)
    trials = left - tuning if n_trials < needs.max_trials else needs.cost.search_seconds(n_trials, needs.jobs)
    ahead = {**fixed, TUNING: tuning, TRIALS: trials, SHIFTS: shifts, REPORT: SECONDS_OF_REPORT}
    planned = {step: used.get(step, 0.0) + ahead.get(step, 0.0) for step in STEPS}
    return Budget(seconds, planned, n_trials, shift_cases, dict(used))


def _count_shift_cases(needs: Needs, left: float) -> int:
    if not needs.shift_cases:
        return 0
    fitting = math.inf
    if needs.shift_seconds > 0.0:
        fitting = math.floor(MAX_SHARE_OF_SHIFTS * max(left, 0.0) / needs.shift_seconds)
    if fitting < needs.min_shift_cases:
        return needs.min_shift_cases if needs.robust else 0
    return int(min(fitting, needs.shift_cases))


def count_trials(seconds: float, needs: Needs) -> int:
    """Return how many trials some seconds have time for, by estimate; at least the baselines."""
    each = needs.cost.proposed / needs.jobs + SECONDS_OF_RECORDING
    n_fixed = len(needs.cost.fixed)
    fixed = needs.cost.search_seconds(n_fixed, needs.jobs)
    if seconds >= fixed:
        return min(n_fixed + math.floor((seconds - fixed) / each), needs.max_trials)
    share = seconds / fixed if fixed > 0.0 else 1.0
    return min(max(math.floor(share * n_fixed), len(BASELINES)), needs.max_trials)


def too_little(seconds: float, gone: float, least: Mapping[str, float]) -> str:
    """Return what is said where a budget has no time for the least of a search."""
    names = {TRIALS: "the baselines", STACK: "fitting them again"}
    parts = [f"{names.get(step, step)} {in_words(each)}" for step, each in least.items()]
    before = [f"{in_words(gone)} are used already"] if gone >= 1.0 else []
    return (
        f"--budget: expected at least about {in_words(gone + sum(least.values()))} for the least of a search "
        f"({'; '.join([*before, *parts])}), got {in_words(seconds)}. Give it more time, or embed first with "
        "`automl-skin embed`: what is embedded is not embedded again"
    )


def plan_lines(budget: Budget) -> list[str]:
    """Return the plan of a budget as lines for people."""
    shares = ", ".join(
        f"{step} {in_words(seconds)}" for step, seconds in budget.planned.items() if seconds >= 0.5
    )
    lines = [f"{in_words(budget.seconds)}, planned: {shares}; about {budget.trials:,} trials"]
    if budget.planned[SHIFTS] > 0.0:
        lines.append(f"{budget.shift_cases:,} cases are looked at under shift")
    return lines


def rows_of(budget: Budget) -> list[tuple[str, float, float]]:
    """Return step, planned and used seconds of every step that has either."""
    rows = [(step, budget.planned.get(step, 0.0), budget.used.get(step, 0.0)) for step in STEPS]
    return [(step, planned, used) for step, planned, used in rows if planned or used]
