import json
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import fabricated
import pytest
from mlflow import MlflowClient

from automl_skin.tracking.entries import SEARCH, TRIAL
from automl_skin.tracking.exhibits import Exhibits
from automl_skin.tracking.tracker import STACK_WEIGHT, Session


def runs_of(uri, view=1):
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("moles")
    return client.search_runs([experiment.experiment_id], run_view_type=view)


def trials_of(uri):
    return {int(run.data.tags[TRIAL]): run for run in runs_of(uri) if TRIAL in run.data.tags}


def parents_of(uri):
    return [run for run in runs_of(uri) if TRIAL not in run.data.tags]


def files_of(uri, run):
    return {file.path for file in MlflowClient(tracking_uri=uri).list_artifacts(run.info.run_id)}


def agrees(uri, study):
    """Assert that MLflow says what the journal says, once."""
    runs = runs_of(uri)
    records = study.journal.read()
    assert len(runs) == len(records) + 1
    trials = trials_of(uri)
    states = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}
    for record in records:
        run = trials[record.plan.number]
        assert run.info.status == states[record.state]
        assert run.info.run_name == record.plan.title
        assert run.data.metrics["auc"] == pytest.approx(record.metrics["auc"])
        assert run.data.tags[SEARCH] == parents_of(uri)[0].info.run_id


def test_a_search_is_written_as_it_goes(uri, study, tmp_path):
    tracker = study.tracker(uri)
    tracker.open([])
    study.run(16, tracker)
    tracker.conclude(study.conclusion({1: 0.75, 15: 0.25}))
    assert study.messages == []
    agrees(uri, study)
    (parent,) = parents_of(uri)
    assert parent.info.status == "FINISHED"
    assert parent.data.params["study_target"] == "dx"
    assert parent.data.metrics["test_auc"] == 0.91
    assert "nothing" not in parent.data.metrics
    assert parent.inputs.dataset_inputs[0].dataset.digest == "a" * 36
    assert "leaderboard.csv" in files_of(uri, parent)
    trials = trials_of(uri)
    assert trials[1].data.tags["stack_weight"] == "0.750"
    shown = {number for number, run in trials.items() if "overview.png" in files_of(uri, run)}
    assert {0, 1, 2, 15} <= shown  # baselines and members
    records = study.journal.read()
    best = max(
        (record for record in records if record.state == "finished"), key=lambda record: record.utility
    )
    assert best.plan.number in shown
    assert len(shown) < len([record for record in records if record.state == "finished"])
    assert parent.data.metrics["best_so_far"] == pytest.approx(best.utility)
    assert str(tmp_path / "mlruns" / "artifacts") in parent.info.artifact_uri


def test_a_later_call_goes_on_with_the_same_parent(uri, study):
    first = study.tracker(uri)
    first.open([])
    study.run(5, first)
    first.conclude(study.conclusion({0: 0.5, 1: 0.5}))
    second = study.tracker(uri, begun_with={"trials": "80"})
    second.open(study.journal.read())
    assert parents_of(uri)[0].info.status == "RUNNING"
    study.run(8, second)
    second.conclude(study.conclusion({0: 1.0}))
    agrees(uri, study)
    assert parents_of(uri)[0].data.tags["automl_skin.trials"] == "80"
    assert "stack_weight" not in trials_of(uri)[1].data.tags  # no member any more
    assert study.messages == []


def test_what_is_missing_is_written_and_what_was_cut_short_is_written_again(uri, study):
    tracker = study.tracker(uri)
    tracker.open([])
    study.run(4, tracker)
    client, session = tracker.session.store.client, tracker.session
    cut = client.create_run(session.store.experiment_id, tags={**session.runs.shared, TRIAL: "4"})
    study.run(7)  # nobody watched
    later = study.tracker(uri)
    later.open(study.journal.read())
    agrees(uri, study)
    assert client.get_run(cut.info.run_id).info.lifecycle_stage == "deleted"


def test_a_second_run_of_a_trial_goes(uri, study):
    tracker = study.tracker(uri)
    tracker.open([])
    records = study.run(3, tracker)
    tracker.session.runs.write(records[1], None)
    study.tracker(uri).open(records)
    agrees(uri, study)


def test_another_study_of_the_same_name_is_left_alone(uri, study, tmp_path):
    tracker = study.tracker(uri)
    tracker.open([])
    study.run(3, tracker)
    other = fabricated.FakeStudy(tmp_path / "other")
    newcomer = other.tracker(uri, digest="e" * 64)
    newcomer.open([])
    other.run(2, newcomer)
    assert len(runs_of(uri)) == 4 + 3
    assert len(parents_of(uri)) == 2


def test_an_interrupted_search_is_killed(uri, study):
    tracker = study.tracker(uri)
    tracker.open([])
    study.run(2, tracker)
    tracker.interrupted("KILLED")
    assert parents_of(uri)[0].info.status == "KILLED"


def test_a_waiver_stands_in_every_run(uri, study):
    tracker = study.tracker(uri, waiver="a given split that cuts groups", crossing_share=0.675)
    tracker.open([])
    study.run(2, tracker)
    assert [run.data.tags["automl_skin.crossing_share"] for run in runs_of(uri)] == ["0.6750"] * 3


def test_a_store_that_fails_is_said_once_and_caught_up_with_at_the_end(uri, study):
    tracker = study.tracker(uri)
    tracker.open([])
    study.run(2, tracker)
    database = Path(uri.removeprefix("sqlite:///"))
    aside = database.with_suffix(".aside")
    tracker.session.store.client._tracking_client.store.engine.dispose()
    database.rename(aside)
    database.mkdir()  # nothing can be opened there
    study.run(6, tracker)
    assert len(study.messages) == 1
    assert "the search continues without it" in study.messages[0]
    assert "\n" not in study.messages[0]
    database.rmdir()
    aside.rename(database)
    tracker.conclude(study.conclusion({0: 1.0}))
    agrees(uri, study)
    assert parents_of(uri)[0].info.status == "FINISHED"


def test_a_store_that_cannot_be_opened_stops_nothing(tmp_path, study):
    (tmp_path / "mlflow.db").write_text("this is no database, but it is a file with some text in it")
    tracker = study.tracker(f"sqlite:///{tmp_path / 'mlflow.db'}")
    tracker.open([])
    study.run(3, tracker)
    tracker.conclude(study.conclusion({0: 1.0}))
    assert len(study.messages) == 1
    assert len(study.journal.read()) == 3


@pytest.mark.slow
def test_a_locked_database_is_said_once(uri, study):
    tracker = study.tracker(uri)
    tracker.open([])
    holder = sqlite3.connect(uri.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        study.run(3, tracker)
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert len(study.messages) == 1
    tracker.conclude(study.conclusion({0: 1.0}))
    agrees(uri, study)


@pytest.mark.slow
def test_kills_at_any_time_leave_neither_gaps_nor_doubles(uri, study, tmp_path):
    total, kills = 40, 4
    script = Path(__file__).with_name("killed_tracker.py")
    arguments = [study.folder, uri, total, kills, 0]
    ended = subprocess.run(
        [sys.executable, script, *map(str, arguments)], check=False, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    recorded = json.loads(ended.stdout.splitlines()[-1])
    print(f"killed after {recorded} of {total} trials")
    assert len(recorded) == 2 * kills
    assert len(set(recorded)) > 1, recorded  # not all before the first, or after the last
    assert len(study.journal.read()) == total
    agrees(uri, study)
    assert parents_of(uri)[0].info.status == "FINISHED"
    shutil.rmtree(tmp_path / "mlruns" / "artifacts")


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
