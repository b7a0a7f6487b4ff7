import json
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import mlflow
import pytest
import small_bundle
from mlflow import MlflowClient

from automl_skin.errors import ConfigError
from automl_skin.tracking.facts import DatasetFacts
from automl_skin.tracking.place import LOCATIONS, STORE_FOLDER, database_of, follow_move
from automl_skin.tracking.register import register_bundle
from automl_skin.tracking.store import experiments_of, open_store


@pytest.fixture
def workspace(template, study, tmp_path):
    """A workspace with artefacts of a trial and the table of cases."""
    root = tmp_path / "old place"
    (root / "mlruns").mkdir(parents=True)
    (root / "cases.csv").write_text("case\n")
    shutil.copy(template, root / "mlruns" / "mlflow.db")
    data = DatasetFacts("moles", str(root / "cases.csv"), "a" * 64, {}, {})
    tracker = study.tracker(uri_of(root), dataset=data)
    tracker.artifacts = root / "mlruns" / "artifacts"
    tracker.open([])
    study.run(1, tracker)
    return root


@pytest.fixture
def registered(workspace, tmp_path):
    """The same with a registered model."""
    client = open_at(workspace)
    (parent,) = client.search_runs([number_of(workspace)], filter_string="tags.kind = 'study'")
    bundle = small_bundle.make_bundle(tmp_path / "moles-bundle")
    register_bundle(bundle, "moles", uri_of(workspace), parent.info.run_id)
    return workspace


def uri_of(root: Path) -> str:
    return f"sqlite:///{root / 'mlruns' / 'mlflow.db'}"


def open_at(root: Path) -> MlflowClient:
    return open_store(uri_of(root), "moles", root / "mlruns" / "artifacts").client


def number_of(root: Path) -> str:
    return experiments_of(uri_of(root), root / "mlruns" / "artifacts")["moles"]


def opened(root: Path) -> dict[str, bytes]:
    """Return every artefact of every run, by name of run and file, as MLflow downloads it."""
    client = open_at(root)
    found = {}
    for run in client.search_runs([number_of(root)]):
        assert Path(run.info.artifact_uri).is_relative_to(root / "mlruns")
        for file in client.list_artifacts(run.info.run_id):
            path = Path(client.download_artifacts(run.info.run_id, file.path))
            found[f"{run.info.run_name}/{file.path}"] = path.read_bytes()
    assert found
    return found


def recorded(root: Path, text: str) -> list[str]:
    """Return the statements of the database's dump that hold a text."""
    with closing(sqlite3.connect(root / "mlruns" / "mlflow.db")) as connection:
        return [line for line in connection.iterdump() if text in line]


def score_example(root: Path) -> int:
    """Load the registered model by its address, score its own example, and return the number of rows."""
    mlflow.set_tracking_uri(uri_of(root))
    try:
        model = mlflow.pyfunc.load_model("models:/moles/1")
        return len(model.predict(model.metadata.load_input_example()))
    finally:
        mlflow.set_tracking_uri(None)


@pytest.mark.filterwarnings(
    "ignore::UserWarning", "ignore::FutureWarning"
)  # MLflow's own, on loading a model
@pytest.mark.parametrize("name", ["renamed", "a #1 (köpie) 100%"])
def test_a_workspace_that_was_moved_keeps_its_artefacts(registered, tmp_path, name):
    before = opened(registered)
    assert any("overview.png" in name for name in before)
    new = tmp_path / name / "deeper"
    new.parent.mkdir()
    registered.rename(new)
    assert opened(new) == before
    assert recorded(new, "old place") == []
    (version,) = open_at(new).search_model_versions("name = 'moles'")
    assert Path(version.source, "MLmodel").is_file()
    (run,) = (
        run for run in open_at(new).search_runs([number_of(new)]) if run.inputs and run.inputs.dataset_inputs
    )
    assert json.loads(run.inputs.dataset_inputs[0].dataset.source) == {"uri": str(new / "cases.csv")}
    assert score_example(new) > 0


def test_a_copy_leaves_its_original_alone(workspace, tmp_path):
    before = opened(workspace)
    content = (workspace / "mlruns" / "mlflow.db").read_bytes()
    copy = tmp_path / "copy"
    shutil.copytree(workspace, copy)
    assert opened(copy) == before
    run = open_at(copy).create_run(number_of(copy))
    open_at(copy).log_text(run.info.run_id, "of the copy", "note.txt")
    assert (workspace / "mlruns" / "mlflow.db").read_bytes() == content
    assert not (workspace / "mlruns" / "artifacts" / run.info.run_id).exists()
    assert opened(workspace) == before


def test_the_pages_alone_follow_a_move(workspace, tmp_path):
    new = workspace.rename(tmp_path / "new")
    experiments_of(uri_of(new), new / "mlruns" / "artifacts")  # what `automl-skin ui` does before it serves
    assert recorded(new, "old place") == []


def test_what_lay_elsewhere_stays_there(workspace, tmp_path):
    client = open_at(workspace)
    for name, place in (("bucket", "s3://bucket/old place"), ("disk", "/elsewhere/old place/mlruns")):
        client.create_experiment(name, place)
    new = workspace.rename(tmp_path / "new")
    opened(new)
    assert open_at(new).get_experiment_by_name("bucket").artifact_location == "s3://bucket/old place"
    assert open_at(new).get_experiment_by_name("disk").artifact_location == "/elsewhere/old place/mlruns"


def test_another_name_of_the_same_folder_is_no_move(workspace, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(workspace)
    content = (workspace / "mlruns" / "mlflow.db").read_bytes()
    assert follow_move(link / "mlruns" / "mlflow.db", link / "mlruns") == []
    assert (workspace / "mlruns" / "mlflow.db").read_bytes() == content


def test_a_move_that_is_interrupted_changes_nothing(workspace, tmp_path, monkeypatch):
    new = workspace.rename(tmp_path / "new")
    content = recorded(new, "old place")
    monkeypatch.setattr("automl_skin.tracking.place.LOCATIONS", (*LOCATIONS, ("no_table", "gone")))
    with pytest.raises(sqlite3.OperationalError, match="no_table"):
        follow_move(new / "mlruns" / "mlflow.db", new / "mlruns")
    assert recorded(new, "old place") == content


def test_two_that_open_a_moved_workspace_at_once_agree(workspace, tmp_path):
    new = workspace.rename(tmp_path / "new")
    threads = [
        threading.Thread(target=follow_move, args=(new / "mlruns" / "mlflow.db", new / "mlruns"))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert recorded(new, "old place") == []
    assert opened(new)


def test_artefacts_follow_although_their_database_lies_elsewhere(template, tmp_path):
    shutil.copy(template, tmp_path / "shared.db")
    uri = f"sqlite:///{tmp_path / 'shared.db'}"
    old, new = tmp_path / "old", tmp_path / "new"
    store = open_store(uri, "moles", old / "mlruns" / "artifacts")
    run = store.client.create_run(store.experiment_id).info.run_id
    store.client.log_text(run, "hello", "note.txt")
    shutil.copytree(old, new)
    open_store(uri, "moles", new / "mlruns" / "artifacts")  # a copy: the first one still has its artefacts
    assert str(old) in MlflowClient(uri).get_run(run).info.artifact_uri
    shutil.rmtree(old)
    again = open_store(uri, "moles", new / "mlruns" / "artifacts")
    assert [file.path for file in again.client.list_artifacts(run)] == ["note.txt"]


def test_every_experiment_knows_its_folder(uri, tmp_path):
    client = MlflowClient(tracking_uri=uri)
    client.create_experiment("moles")  # the user's own, on MLflow's pages
    store = open_store(uri, "moles", tmp_path / "mlruns" / "artifacts")
    assert client.get_experiment(store.experiment_id).tags[STORE_FOLDER] == str(tmp_path / "mlruns")


@pytest.mark.parametrize("name", ["a?b", "a%20b"])
def test_names_that_mlflow_would_misread_are_refused(name):
    with pytest.raises(ConfigError, match="rename the folder, or give another --workspace"):
        database_of(f"sqlite:////data/{name}/mlruns/mlflow.db")
    assert database_of("sqlite:////data/100%/mlflow.db?timeout=9") == Path("/data/100%/mlflow.db")
