"""Tuning from an empty folder to scores, with real networks and the built-in drawings."""

import pandas as pd
import pytest
from mlflow import MlflowClient

from automl_skin.search.material import Material
from automl_skin.settings import Workspace
from automl_skin.study.study import existing_study
from automl_skin.synthetic.study import generate
from automl_skin.tracking.entries import TRIAL, TUNING

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning"
    ),  # connections that MLflow leaves to the garbage collector
]


def test_tuning_from_an_empty_folder_to_scores(end_to_end, tmp_path):
    made = generate(tmp_path / "data", n_lesions=70, seed=3)
    workspace = Workspace.at(tmp_path / "workspace", tmp_path / "cache")
    settings = {
        **end_to_end.SETTINGS,
        **end_to_end.BINARY,
        "data": str(made.table),
        "images": str(made.images),
        "trials": 14,
        "tuning": "full",
        "tuning_set": "epochs=1",
    }
    flags = [*end_to_end.as_flags(settings), "--study", "tuned", *end_to_end.places(workspace)]
    ended = end_to_end.command("search", *flags)
    assert ended.code == 0, ended.errors
    assert "Round 0: tuning of test_resnet.random plain full-1-epochs" in ended.output
    assert "without-0: epoch 1 of 1, loss" in ended.output
    assert "Rounds of tuning" in ended.output

    study = existing_study(workspace, "tuned")
    (this,) = study.rounds.read()
    assert [outcome.state for outcome in this.outcomes] == ["finished"]
    records = study.journal.read()
    assert {record.state for record in records} == {"finished"}
    assert {record.plan.config.way for record in records} >= {"", "within", "logits", "own"}
    assert len(Material.read(study.material).inputs.tuned_on) == 3
    assert (study.report / "tuning_test_resnet.random_plain_full-1-epochs.png").is_file()

    runs = runs_of(workspace)
    tunings = [run for run in runs if TUNING in run.data.tags]
    assert [run.info.run_name for run in tunings] == ["tuning test_resnet.random plain full-1-epochs"]
    trials = {int(run.data.tags[TRIAL]): run for run in runs if TRIAL in run.data.tags}
    for record in records:
        run, config = trials[record.plan.number], record.plan.config
        assert run.data.params.get("way", "") == config.way
        assert run.data.params.get("tuning", "") == (config.tuning if config.uses_image else "")
        assert (run.data.tags.get("second_order") == "logits") == (config.way == "logits")

    again = end_to_end.command("search", "--study", "tuned", "--trials", 16, *end_to_end.places(workspace))
    assert again.code == 0, again.errors
    assert "epoch 1 of 1" not in again.output  # nothing is tuned twice
    assert study.journal.read()[:14] == records
    assert len([run for run in runs_of(workspace) if TUNING in run.data.tags]) == 1

    board = end_to_end.command("leaderboard", "--study", "tuned", *end_to_end.places(workspace))
    assert board.code == 0, board.errors
    assert "network" in board.output
    bundle = tmp_path / "bundle"
    exported = end_to_end.command(
        "export", "--study", "tuned", "--output", bundle, *end_to_end.places(workspace)
    )
    assert exported.code == 0, exported.errors
    scores = end_to_end.score_file(bundle, made.images, tmp_path / "scores.csv", made.table)
    assert len(scores) == len(pd.read_csv(made.table))
    assert scores["probability"].between(0.0, 1.0).all()


def runs_of(workspace):
    client = MlflowClient(tracking_uri=workspace.tracking_uri)
    experiment = client.get_experiment_by_name("tuned")
    return client.search_runs([experiment.experiment_id], max_results=200)
