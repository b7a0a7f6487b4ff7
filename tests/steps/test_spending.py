"""A budget by a clock that stands still unless it is moved."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from automl_skin.search.trial import TrialPlan, TrialRecord, TrialRecorded
from automl_skin.settings import Workspace
from automl_skin.steps import spending
from automl_skin.steps.budget_plan import STACK, STAGE_ONE, TRIALS, Needs
from automl_skin.steps.events import Progressed, RoundBegan, RoundEnded, Said
from automl_skin.steps.spending import Spending
from automl_skin.steps.trial_cost import TrialCost
from automl_skin.study.config import StudyConfig
from automl_skin.study.study import Study

NEEDS = Needs(
    stage_one=60.0,
    cost=TrialCost((1.0, 2.0, 3.0, *[4.0] * 12), 5.0),
    jobs=1,
    shift_cases=1000,
    shift_seconds=0.5,
    tuning=0.0,
    max_trials=9999,
)


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(spending, "needs_of", lambda *_: NEEDS)

    def make(seconds=600.0, began=None):
        config = StudyConfig().with_settings({"budget_seconds": seconds, "jobs": 1})
        study = Study("mine", tmp_path / "mine", config, Workspace.at(tmp_path, tmp_path / "cache"))
        return Spending(study, clock, began)

    return make


def record(number, seconds=4.0, kind="search", utility=0.8):
    config = SimpleNamespace(fusion="concat")
    plan = TrialPlan(number, kind, "", {}, config)
    return TrialRecord(plan, "finished", (utility,) * 5, (0.8,) * 5, seconds, 0.0)


def planned(made, heard=None):
    made.plan(lambda: None, (heard if heard is not None else []).append)
    return made


def test_every_second_belongs_to_a_step_and_is_on_disk(make, clock):
    made = make(began=90.0)
    clock.now += 5.0
    heard = []
    planned(made, heard)
    assert heard[0].line.startswith("Budget:   10 min, planned: understanding 15 s, stage one 60 s, ")
    made.begin(STAGE_ONE)
    clock.now += 70.0
    made(Progressed("Embedding", 5, 10))  # a kill after this loses nothing
    assert made.study.budget.read().used == {"understanding": 15.0, "stage one": 70.0}
    made.begin(TRIALS)
    clock.now += 3.0
    made(RoundBegan(None, None))
    clock.now += 50.0
    made(RoundEnded(None, None))
    clock.now += 4.0
    made.begin(STACK)
    assert made.study.budget.read().used == {
        "understanding": 15.0,
        "stage one": 70.0,
        "trials": 7.0,
        "tuning": 50.0,
        "stack": 0.0,
    }
    assert made.seconds_left == 600.0 - 142.0


def test_what_an_earlier_call_used_counts(make, clock):
    first = planned(make())
    first.begin(TRIALS)
    clock.now += 200.0
    first.write()
    clock.now += 5000.0  # the machine was off
    again = make()
    assert again.seconds_left == 400.0
    forecasts = []
    again.plan(lambda: forecasts.append(1), lambda event: None)
    assert not forecasts  # the plan stands
    more = make(900.0)
    more.plan(lambda: forecasts.append(1), lambda event: None)
    assert forecasts
    budget = more.study.budget.read()
    assert (budget.seconds, budget.used["trials"]) == (900.0, 200.0)
    assert sum(budget.planned.values()) == pytest.approx(900.0)


def test_trials_end_while_there_is_time_for_the_rest(make, clock):
    made = planned(make())
    made.begin_trials(0)
    has_time = made.limit(lambda config: 2.0)
    records = []
    for number in range(1000):
        if not has_time(records, [2.0]):
            break
        clock.now += 4.5
        records.append(record(number))
        made(TrialRecorded(records[-1], None))
    left = made.seconds_left
    assert 20 < len(records) < 140
    assert left == pytest.approx(made.reserve(records, 2.0), abs=3 * 4.5)
    # slower trials: their chains take as long when they are fitted again
    slow = [replace(each, seconds=40.0) for each in records]
    assert made.reserve(slow) > made.reserve(records) + 100.0
    # a trial that would not fit beside those under way
    assert not has_time(records[:3], [2.0, 10_000.0])


def test_the_pace_is_that_of_the_clock_without_the_start_of_the_workers(make, clock):
    made = planned(make())
    made.begin_trials(0)
    records = [record(number) for number in range(4)]
    for each in records:
        clock.now += 30.0 if each.plan.number == 0 else 5.0
        made(TrialRecorded(each, None))
    assert made.starting == 26.0
    assert made._pace(records, lambda config: 2.0) == pytest.approx((45.0 - 26.0) / (4 * 2.5))
    assert made._pace(records[:2], lambda config: 2.0) == 1.0  # too few to know
    assert spending.slowness(records, lambda config: 2.0) == 2.0
    assert spending.slowness(records, lambda config: 8.0) == 1.0


def test_how_shifts_will_go_is_learned_from_stage_one(make, clock):
    made = planned(make(1200.0))
    expected = made.budget.planned["shifts"]
    assert expected > 0.0
    made.begin(STAGE_ONE)
    clock.now += 180.0  # thrice what was planned
    made.begin_trials(0)
    assert made.shift_seconds == pytest.approx(3.0 * expected)


def test_without_a_budget_nothing_is_planned_or_written(make, clock):
    made = make()
    made = Spending(replace(made.study, config=StudyConfig()), clock)
    made.plan(lambda: pytest.fail("no forecast is needed"), lambda event: None)
    made.begin_trials(0)
    clock.now += 100.0
    made(Said("a line"))
    made.write()
    assert made.limit(lambda config: 1.0) is None
    assert not made.study.budget.exists
