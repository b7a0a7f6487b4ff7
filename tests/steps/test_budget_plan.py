from dataclasses import replace

import pytest

from automl_skin.errors import ConfigError
from automl_skin.steps.budget_plan import (
    MIN_SHIFT_CASES,
    STEPS,
    Needs,
    count_trials,
    plan_budget,
    plan_lines,
    rows_of,
)
from automl_skin.steps.trial_cost import TrialCost

NEEDS = Needs(
    stage_one=60.0,
    cost=TrialCost((1.0, 2.0, 3.0, *[4.0] * 12), 5.0),
    jobs=1,
    shift_cases=1000,
    shift_seconds=0.5,
    tuning=0.0,
    max_trials=9999,
)


@pytest.mark.parametrize("seconds", [300.0, 900.0, 7200.0])
@pytest.mark.parametrize("tuning", [0.0, None, 600.0])
def test_the_shares_are_the_budget(seconds, tuning):
    used = {"understanding": 12.0}
    budget = plan_budget(seconds, used, replace(NEEDS, tuning=tuning))
    assert tuple(budget.planned) == STEPS
    assert sum(budget.planned.values()) == pytest.approx(seconds)
    assert budget.planned["understanding"] == 12.0
    assert budget.planned["stage one"] == 60.0
    assert budget.planned["tuning"] <= (600.0 if tuning == 600.0 else seconds / 2)
    assert (budget.planned["tuning"] > 0.0) == (tuning != 0.0)
    assert min(budget.planned.values()) >= 0.0
    assert budget.used == used


def test_shifts_get_a_fifth_or_nothing():
    short, long, longest = (plan_budget(seconds, {}, NEEDS) for seconds in (300.0, 1200.0, 9000.0))
    assert (short.shift_cases, short.planned["shifts"]) == (0, 0.0)
    assert MIN_SHIFT_CASES <= long.shift_cases < 1000
    assert long.planned["shifts"] <= 0.2 * 1200.0
    assert longest.shift_cases == 1000
    assert "1,000 cases are looked at under shift" in plan_lines(longest)
    assert len(plan_lines(short)) == 1
    robust = plan_budget(300.0, {}, replace(NEEDS, robust=True))
    assert robust.shift_cases == MIN_SHIFT_CASES


def test_what_trials_do_not_need_is_left():
    budget = plan_budget(9000.0, {}, replace(NEEDS, max_trials=20, shift_cases=0))
    assert budget.trials == 20
    assert budget.planned["trials"] == pytest.approx(NEEDS.cost.search_seconds(20, 1))
    assert sum(budget.planned.values()) < 1000.0


def test_more_time_has_more_trials_and_any_has_the_baselines():
    counts = [count_trials(seconds, NEEDS) for seconds in (0.0, 10.0, 60.0, 61.5, 600.0, 6000.0)]
    assert counts == sorted(counts)
    assert counts[0] == 3
    assert counts[-1] == 15 + (6000 - 61.5) // 5.5
    assert count_trials(600.0, replace(NEEDS, jobs=4)) > count_trials(600.0, NEEDS)


def test_too_small_a_budget_says_what_it_would_take():
    with pytest.raises(ConfigError, match="expected at least about ") as caught:
        plan_budget(90.0, {"understanding": 20.0}, NEEDS)
    message = str(caught.value)
    assert message.startswith(
        "--budget: expected at least about 2 min for the least of a search (20 s are used "
    )
    assert "stage one 60 s; the baselines 8 s; " in message
    assert "got 90 s. Give it more time, or embed first" in message
    plan_budget(90.0, {}, replace(NEEDS, stage_one=0.0))


def test_rows_are_of_steps_that_have_something():
    budget = replace(plan_budget(300.0, {}, NEEDS), used={"stage one": 55.0, "tuning": 1.0})
    rows = {step: (planned, used) for step, planned, used in rows_of(budget)}
    assert list(rows) == ["stage one", "tuning", "trials", "stack", "report"]
    assert rows["stage one"] == (60.0, 55.0)
    assert rows["tuning"] == (0.0, 1.0)
