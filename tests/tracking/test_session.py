from dataclasses import replace

import pytest

from automl_skin.tracking.exhibits import Exhibits
from automl_skin.tracking.session import STACK_WEIGHT, Session


class NoPictures(Exhibits):
    """Remembers which runs it was asked to show; pictures take most of the time."""

    def __init__(self, cases):
        super().__init__(cases)
        self.asked = []

    def log(self, store, run_id, predictions):
        self.asked.append(run_id)


@pytest.fixture
def begin(store, study):
    """Begin a call of the search: another session on the same store."""
    return lambda: Session(store, study.facts(), NoPictures(study.cases), study.journal.predictions)


def weights_of(session):
    runs = [session.store.client.get_run(run_id) for run_id in session.runs.ids.values()]
    return {int(run.data.tags["automl_skin.trial"]): run.data.tags.get(STACK_WEIGHT) for run in runs}


def test_catching_up_writes_what_is_missing_and_no_more(begin, study):
    assert begin().catch_up(study.run(3)) == 3
    assert begin().catch_up(study.run(5)) == 2
    assert begin().catch_up(study.journal.read()) == 0


def test_all_calls_share_one_parent(begin):
    assert begin().parent == begin().parent


def test_the_best_so_far_is_a_history_of_leaders(begin, study, store):
    session = begin()
    session.catch_up([])
    records = study.run(8, session)
    best, leaders = float("-inf"), []
    for record in records:
        if record.state == "finished" and record.utility > best:
            best = record.utility
            leaders.append((record.plan.number, best))
    history = store.client.get_metric_history(session.parent, "best_so_far")
    assert [(point.step, point.value) for point in history] == leaders


def test_a_leader_of_an_earlier_call_stays_the_leader(begin, study):
    begin().catch_up(study.run(8))
    later = begin()
    later.catch_up(study.journal.read())
    finished = [record for record in study.journal.read() if record.state == "finished"]
    assert later.best == max(record.utility for record in finished)


def test_what_was_measured_afterwards_is_in_the_trials_runs(begin, study, store):
    session = begin()
    session.catch_up(study.run(4))
    for value in (0.7, 0.6):  # a later call measures again
        measured = {2: {"auc_shifted": value, "auc_shifted_worst": value - 0.1}}
        session.conclude(replace(study.conclusion({}), trial_metrics=measured))
    run = store.client.get_run(session.runs.ids[2])
    assert run.data.metrics["auc_shifted"] == 0.6
    assert run.data.metrics["auc_shifted_worst"] == pytest.approx(0.5)
    assert run.info.status == "FINISHED"
    assert "auc_shifted" not in store.client.get_run(session.runs.ids[1]).data.metrics


def test_another_stack_takes_the_weights_of_the_first_away(begin, study):
    first = begin()
    first.catch_up(study.run(3))
    first.conclude(study.conclusion({0: 0.4, 1: 0.6}))
    assert weights_of(first) == {0: "0.400", 1: "0.600", 2: None}
    second = begin()
    second.catch_up(study.journal.read())
    second.conclude(study.conclusion({1: 1.0}))
    assert weights_of(second) == {0: None, 1: "1.000", 2: None}


def test_baselines_leaders_and_members_are_shown(begin, study):
    session = begin()
    session.catch_up([])
    study.run(8, session)
    session.conclude(study.conclusion({4: 0.5, 5: 0.5}))
    asked = session.runs.exhibits.asked
    assert {number for number, run_id in session.runs.ids.items() if run_id in asked} == {0, 1, 2, 4, 5, 7}
    assert len(asked) == 6  # none twice


def test_an_interrupted_call_closes_the_parent(begin, store):
    session = begin()
    session.interrupted("FAILED")
    assert store.client.get_run(session.parent).info.status == "FAILED"
