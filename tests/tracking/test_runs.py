import math
from dataclasses import replace

import pytest

from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.search.trial import TrialRecord
from automl_skin.tracking import runs
from automl_skin.tracking.entries import SEARCH, TRIAL, TUNING, start_of
from automl_skin.tracking.exhibits import OVERVIEW, Exhibits
from automl_skin.tracking.facts import TuningFacts
from automl_skin.tracking.parent import open_parent, shared_tags
from automl_skin.tracking.runs import TrialRuns, runs_of_study, sort_out
from automl_skin.tracking.tracker import Session


@pytest.fixture
def trial_runs(store, study):
    facts = study.facts()
    return TrialRuns(store, open_parent(store, facts, None), shared_tags(facts), Exhibits(study.cases))


def files_of(store, run_id):
    return {file.path for file in store.client.list_artifacts(run_id)}


@pytest.mark.parametrize(
    ("state", "status"), [("finished", "FINISHED"), ("stopped", "KILLED"), ("failed", "FAILED")]
)
def test_a_run_is_closed_as_its_trial_ended(trial_runs, store, study, state, status):
    record, _ = study.trial(3, state)
    trial_runs.write(record, None)
    run = store.client.get_run(trial_runs.ids[3])
    assert run.info.status == status
    assert run.info.start_time == start_of(record)
    assert run.data.metrics["folds_finished"] == record.metrics["folds_finished"]
    history = store.client.get_metric_history(run.info.run_id, "fold_auc")
    assert [(point.step, point.value) for point in history] == list(enumerate(record.aucs))


def test_all_pages_of_the_runs_are_read(trial_runs, store, study, monkeypatch):
    monkeypatch.setattr(runs, "PAGE", 2)
    for number in range(4):
        trial_runs.write(study.trial(number)[0], None)
    found = runs_of_study(store, study.facts().digest)
    assert {run.data.tags.get(TRIAL) for run in found} == {None, "0", "1", "2", "3"}
    assert runs_of_study(store, "another digest") == []


def test_doubles_unclosed_runs_and_runs_of_another_trial_go(trial_runs, store, study):
    records = [study.trial(number)[0] for number in range(4)]
    kept = {}
    for record in records[:3]:
        trial_runs.write(record, None)
        kept[record.plan.number] = trial_runs.ids[record.plan.number]
    trial_runs.write(records[1], None)  # a second time
    double = trial_runs.ids[1]
    unclosed = store.client.create_run(
        store.experiment_id, start_of(records[3]), {**trial_runs.shared, TRIAL: "3"}
    ).info.run_id
    journal = [*records[:2], replace(records[2], started=records[2].started + 5), records[3]]
    whole, unwanted = sort_out(runs_of_study(store, study.facts().digest), journal)
    assert whole.keys() == {0, 1}
    assert whole[0] == kept[0]
    assert {whole[1], *unwanted} == {kept[1], double, unclosed, kept[2]}
    assert trial_runs.shared[SEARCH] not in unwanted


def test_artefacts_are_added_once(trial_runs, store, study, monkeypatch):
    record, predictions = study.trial(1)
    trial_runs.write(record, None)
    run_id = trial_runs.ids[1]
    assert files_of(store, run_id) == set()
    trial_runs.show(1, predictions)
    assert OVERVIEW in files_of(store, run_id)
    trial_runs.shown.clear()  # as in a later call of the command
    monkeypatch.setattr(trial_runs.exhibits, "log", None)  # calling it would fail
    trial_runs.show(1, predictions)
    assert trial_runs.shown == {1}


CURVE = (Epoch(1, 2, 0.9, math.nan, 50.0, 10.0, 10.0), Epoch(2, 2, 0.5, 0.8, 60.0, 9.0, 0.0))
FULL = TuningFacts(
    "1 net plain full",
    "tuning net plain full",
    "finished",
    1000.5,
    19.0,
    {"backbone": "net", "tuning": "full", "tuning_epochs": "2"},
    {"round": "1", "reason": ""},
    {"seconds": 19.0, "inner_auc": 0.8, "images_per_second": math.nan},
    {"fold_0": CURVE, "fold_1": CURVE[:1]},
    {"curves.png": b"a picture"},
)
FAILED = replace(
    FULL, name="2 net plain head", title="tuning net plain head", state="failed", tags={"reason": "diverged"}
)


@pytest.fixture
def begin(store, study):
    """Begin a call of the search."""
    return lambda: Session(store, study.facts(), Exhibits(study.cases), study.journal.predictions)


def test_a_run_has_recipe_curves_and_pictures(begin, store):
    session = begin()
    session.tunings.write(FULL)
    run = store.client.get_run(session.tunings.ids[FULL.name])
    assert (run.info.run_name, run.info.status) == ("tuning net plain full", "FINISHED")
    assert (run.info.start_time, run.info.end_time) == (1_000_500, 1_019_500)
    assert run.data.tags[SEARCH] == session.parent
    assert run.data.tags["kind"] == "tuning"
    assert run.data.params["tuning_epochs"] == "2"
    assert set(run.data.metrics) == {"seconds", "inner_auc", "fold_0_loss", "fold_0_inner_auc", "fold_1_loss"}
    history = store.client.get_metric_history(run.info.run_id, "fold_0_loss")
    assert [(point.step, point.value) for point in history] == [(1, 0.9), (2, 0.5)]
    assert [file.path for file in store.client.list_artifacts(run.info.run_id)] == ["curves.png"]


def test_a_failed_tuning_says_why(begin, store):
    session = begin()
    session.tunings.write(FAILED)
    run = store.client.get_run(session.tunings.ids[FAILED.name])
    assert (run.info.status, run.data.tags["reason"]) == ("FAILED", "diverged")


def test_runs_are_those_of_the_rounds_each_once(begin, store, study):
    first = begin()
    first.tunings.catch_up([FULL])
    first.tunings.write(FULL)
    kept = first.tunings.ids[FULL.name]
    store.client.update_run(kept, status="FINISHED")
    unclosed = store.client.create_run(
        store.experiment_id, tags={**first.tunings.shared, TUNING: FAILED.name}
    )
    again = begin()
    assert again.parent == first.parent
    again.tunings.catch_up([FULL, FAILED])
    assert again.tunings.ids[FULL.name] == kept
    left = {run.info.run_id for run in runs_of_study(store, study.facts().digest) if TUNING in run.data.tags}
    assert left == set(again.tunings.ids.values())
    assert unclosed.info.run_id not in left
    other = begin()
    other.tunings.catch_up([replace(FULL, began=2000.0)])  # of another study's folder in the same place
    assert other.tunings.ids[FULL.name] != kept


def test_the_trial_of_a_failed_tuning_has_no_second_run(begin, study):
    records = study.run(3)
    plan = replace(records[-1].plan, number=3, kind="tuning")
    failed = TrialRecord(plan, "failed", (), (), 1.0, 1000.0, "diverged")
    session = begin()
    assert session.catch_up([*records, failed]) == 3
    session.trial_recorded(failed)
    assert sorted(session.runs.ids) == [0, 1, 2]
