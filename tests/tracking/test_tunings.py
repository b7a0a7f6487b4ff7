import math
from dataclasses import replace

import pytest

from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.search.trial import TrialRecord
from automl_skin.tracking.entries import SEARCH, TUNING
from automl_skin.tracking.exhibits import Exhibits
from automl_skin.tracking.facts import TuningFacts
from automl_skin.tracking.runs import runs_of_study
from automl_skin.tracking.session import Session

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
