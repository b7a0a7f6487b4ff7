from dataclasses import replace

import pytest

from automl_skin.tracking import runs
from automl_skin.tracking.entries import SEARCH, TRIAL, start_of
from automl_skin.tracking.exhibits import OVERVIEW, Exhibits
from automl_skin.tracking.parent import open_parent, shared_tags
from automl_skin.tracking.runs import TrialRuns, runs_of_study, sort_out


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
