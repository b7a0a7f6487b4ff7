import json

from mlflow.entities import RunStatus

from automl_skin.tracking.entries import CROSSING_SHARE, PLAN_DIGEST, STUDY_DIGEST, WAIVER
from automl_skin.tracking.parent import dataset_input, find_parent, open_parent, shared_tags
from automl_skin.tracking.runs import runs_of_study


def test_a_parent_says_what_the_study_is(store, study):
    facts = study.facts()
    run = store.client.get_run(open_parent(store, facts, None))
    assert run.info.run_name == "moles"
    assert run.data.params == {"study_target": "dx", "study_positive": "mel, bcc", "study_folds": "5"}
    assert run.data.tags[STUDY_DIGEST] == facts.digest
    assert run.data.tags[PLAN_DIGEST] == facts.plan_digest
    assert run.data.tags["automl_skin.jobs"] == "2"
    assert WAIVER not in run.data.tags


def test_a_parent_that_was_found_goes_on(store, study):
    first = open_parent(store, study.facts(), None)
    store.client.set_terminated(first, "KILLED")
    found = find_parent(runs_of_study(store, study.facts().digest))
    changed = study.facts(begun_with={"trials": "80"}, settings={"target": "dx", "metric": "auc"})
    assert open_parent(store, changed, found) == first
    run = store.client.get_run(first)
    assert run.info.status == RunStatus.to_string(RunStatus.RUNNING)
    assert run.data.tags["automl_skin.trials"] == "80"
    assert run.data.params["study_metric"] == "auc"  # a setting of a newer version is added
    assert run.data.params["study_folds"] == "5"
    assert len(run.inputs.dataset_inputs) == 1


def test_a_waiver_carries_the_share_that_crosses(study):
    tags = shared_tags(study.facts(waiver="a given split", crossing_share=0.67512))
    assert tags[WAIVER] == "a given split"
    assert tags[CROSSING_SHARE] == "0.6751"


def test_the_data_is_named_and_not_copied(study):
    dataset = dataset_input(study.facts().dataset).dataset
    assert dataset.digest == "a" * 36  # as much as MLflow takes
    assert json.loads(dataset.source) == {"uri": "/data/moles.csv"}
    columns = json.loads(dataset.schema)["mlflow_colspec"]
    assert {column["name"]: column["type"] for column in columns} == {"age": "double", "sex": "string"}
    assert not any(column["required"] for column in columns)


def test_trials_are_no_parents(store, study):
    tracker = study.tracker(store.uri)
    tracker.open([])
    study.run(2, tracker)
    runs = runs_of_study(store, study.facts().digest)
    assert len(runs) == 3
    assert find_parent(runs).info.run_id == tracker.session.parent
    assert find_parent([run for run in runs if run.info.run_id != tracker.session.parent]) is None
