import dataclasses
import shutil

import pytest
from mlflow import MlflowClient

from automl_skin.errors import ConfigError
from automl_skin.search.material import Material
from automl_skin.search.trial import TrialRecorded
from automl_skin.settings import Workspace
from automl_skin.steps import track
from automl_skin.steps.events import SearchEnded, StageOneEnded
from automl_skin.steps.leaderboard import make_leaderboard
from automl_skin.steps.locked import read_openings
from automl_skin.steps.search import SearchResult, announced
from automl_skin.study.study import Study
from automl_skin.tracking.entries import PLAN_DIGEST, TRIAL

# connections that MLflow leaves to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def study(tiny, tmp_path_factory):
    """A finished study that nobody has tracked yet."""
    root = tmp_path_factory.mktemp("tracked")
    folder = shutil.copytree(tiny.study.folder, root / "studies" / "tiny")
    return Study("tiny", folder, tiny.study.config, Workspace.at(root, tiny.workspace.cache))


@pytest.fixture(scope="module")
def material(study):
    return Material.read(study.material)


@pytest.fixture(scope="module")
def outcome(study, material):
    records = study.journal.read()
    board = make_leaderboard(study, records, material)
    (opening,) = read_openings(study)
    seconds = {"stage one": 1.5, "trials": 2.0}
    shifts = study.shifts.read()
    return SearchResult(study, records, study.stack.read(), board, opening, None, seconds, shifts=shifts)


class FakeTracker:
    def __init__(self):
        self.heard = []

    def interrupted(self, status):
        self.heard.append(status)

    def trial_recorded(self, record):
        self.heard.append(record)


def test_a_study_keeps_its_digest_and_another_one_of_the_same_settings_has_another(study, tmp_path):
    first = track.tracking_digest(study)
    assert track.tracking_digest(study) == first
    again = shutil.copytree(study.folder, tmp_path / "tiny")
    copied = dataclasses.replace(study, folder=again)
    copied.tracking.path.unlink()
    assert track.tracking_digest(copied) != first


def test_facts_part_what_a_study_is_from_how_it_was_begun(study, material):
    facts = track.study_facts(study, material)
    assert facts.plan_digest == study.read_plan().digest
    assert facts.settings["positive"] == "melanoma, carcinoma"
    assert facts.settings["folds"] == "3"
    assert facts.begun_with["jobs"] == "1"
    assert facts.settings.keys().isdisjoint(facts.begun_with)
    assert set(facts.dataset.columns) == set(material.kinds)
    assert facts.dataset.profile["development_cases"] == len(material.cases)


def test_cases_are_the_development_cases_with_their_images(study, material):
    cases = track.case_facts(study, material)
    assert cases.table.index.equals(material.cases.index)
    assert cases.table.index.intersection(study.read_plan().locked).empty
    assert cases.table["image"].str.endswith((".jpg", ".png")).all()
    assert [cases.classes[label] for label in cases.labels] == cases.table["label"].tolist()


def test_metrics_name_the_locked_test_of_each_model(outcome):
    metrics = track.search_metrics(outcome)
    figures = outcome.opening.figures
    stack = figures.models[figures.first].auc
    assert (metrics["test_auc_low"], metrics["test_auc"], metrics["test_auc_high"]) == (
        stack.low,
        stack.value,
        stack.high,
    )
    assert metrics["test_auc_best_trial"] == figures.models["best trial"].auc.value
    assert metrics["test_gain_best_trial"] == figures.gains["best trial"].value
    at = figures.at_threshold
    assert (metrics["test_sensitivity"], metrics["test_threshold"]) == (at.sensitivity.value, at.threshold)
    assert metrics["test_ppv_low"] == at.ppv.low
    shortcuts = outcome.study.shortcuts.read()
    assert metrics["acquisition_auc"] == shortcuts.all_facts.value
    assert shortcuts.describe_facts() in track.note_of(outcome)
    assert metrics["trials_finished"] == len(outcome.records)
    assert metrics["seconds_stage_one"] == 1.5


def test_a_study_without_locked_test_has_no_figures_of_it(outcome):
    unopened = dataclasses.replace(outcome, opening=None)
    assert not [name for name in track.search_metrics(unopened) if name.startswith("test_")]
    assert "Locked test set" not in track.note_of(unopened)
    assert "locked_test.png" not in track.conclusion_of(unopened).files


def test_a_finished_search_is_in_the_workspaces_store(study, material, outcome):
    said = []
    tracked = track.Tracked(study, said.append)
    tracked(StageOneEnded(study, None, material))
    tracked(SearchEnded(outcome))
    assert said == []
    client = MlflowClient(tracking_uri=study.workspace.tracking_uri)
    experiment = client.get_experiment_by_name("tiny")
    runs = client.search_runs([experiment.experiment_id])
    assert {run.data.tags[PLAN_DIGEST] for run in runs} == {study.read_plan().digest}
    (parent,) = [run for run in runs if TRIAL not in run.data.tags]
    assert len(runs) == len(outcome.records) + 1
    assert parent.data.metrics["test_auc"] == pytest.approx(track.search_metrics(outcome)["test_auc"])
    stack = outcome.shifts.models["stack"]
    assert parent.data.metrics["auc_change_shifted"] == pytest.approx(stack.change.value)
    assert "auc_shifted" not in parent.data.metrics  # a level that the stack was chosen by
    shifted = {
        int(run.data.tags[TRIAL])
        for run in runs
        if TRIAL in run.data.tags and "auc_shifted" in run.data.metrics
    }
    assert shifted == set(outcome.shifts.trials)
    kept = {file.path for file in client.list_artifacts(parent.info.run_id)}
    assert {
        "leaderboard.csv",
        "audit.json",
        "shortcuts.json",
        "plan.json",
        "stack.json",
        "locked_test.png",
        "report",
    } <= kept
    weights = {
        int(run.data.tags[TRIAL]): float(run.data.tags["stack_weight"])
        for run in runs
        if "stack_weight" in run.data.tags
    }
    assert weights == pytest.approx(outcome.built.stack.member_weights, abs=5e-4)


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt, "KILLED"), (ValueError, "FAILED")])
def test_a_search_that_does_not_end_says_how(study, error, status):
    tracked = track.Tracked(study)
    tracked.tracker = FakeTracker()
    with pytest.raises(error, match="gone"), announced(study, tracked):
        raise error("gone")
    assert tracked.tracker.heard == [status]


def test_the_tracker_is_told_of_the_trials(study):
    tracked = track.Tracked(study)
    tracked.tracker = FakeTracker()
    (record, *_) = study.journal.read()
    with announced(study, tracked):
        tracked(TrialRecorded(record, None))
    assert tracked.tracker.heard == [record]


@pytest.mark.slow
def test_a_bundle_needs_the_run_of_its_study_and_becomes_a_version_of_its_model(tiny, tmp_path):
    folder = shutil.copytree(tiny.study.folder, tmp_path / "studies" / "tiny")
    study = Study("tiny", folder, tiny.study.config, Workspace.at(tmp_path, tiny.workspace.cache))
    with pytest.raises(
        ConfigError, match=r"sqlite.*: expected a run of the study .*, got none; run the search again"
    ):
        track.register_export(study, tiny.bundle)
    tracked = track.Tracked(study)
    tracked(StageOneEnded(study, None, Material.read(study.material)))
    assert track.register_export(study, tiny.bundle) == "models:/tiny/1"
    assert track.register_export(study, tiny.bundle) == "models:/tiny/1"
    uri = study.workspace.tracking_uri
    (version,) = MlflowClient(uri, uri).search_model_versions("name = 'tiny'")
    assert version.run_id == tracked.tracker.session.parent
