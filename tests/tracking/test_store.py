import os

import pytest

from automl_skin.tracking.store import FAILURES, Guard, experiments_of, open_store


def test_an_experiment_is_made_once_with_absolute_artefacts(uri, tmp_path):
    first = open_store(uri, "moles", tmp_path / "artifacts")
    assert open_store(uri, "moles", tmp_path / "artifacts").experiment_id == first.experiment_id
    assert first.client.get_experiment(first.experiment_id).artifact_location == str(tmp_path / "artifacts")
    assert experiments_of(uri, tmp_path / "artifacts")["moles"] == first.experiment_id


def test_a_deleted_experiment_comes_back(uri, tmp_path):
    store = open_store(uri, "moles", tmp_path)
    store.client.delete_experiment(store.experiment_id)
    again = open_store(uri, "moles", tmp_path)
    assert again.client.get_experiment(again.experiment_id).lifecycle_stage == "active"


@pytest.mark.parametrize("mask", [0o027, 0o002])
def test_database_has_the_permissions_of_any_new_file(tmp_path, mask):
    before = os.umask(mask)
    try:
        open_store(f"sqlite:///{tmp_path / 'mlflow.db'}", "moles", tmp_path / "artifacts")
    finally:
        os.umask(before)
    assert (tmp_path / "mlflow.db").stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize(
    "failure", [OSError("no space left on device\nmore"), *(kind("gone") for kind in FAILURES[:1])]
)
def test_a_guard_says_the_first_failure_in_one_line(failure):
    said = []
    guard = Guard(said.append)
    for _ in range(2):
        with guard():
            raise failure
    assert guard.failed
    assert len(said) == 1
    assert "\n" not in said[0]


def test_a_guard_lets_our_own_mistakes_through():
    with pytest.raises(KeyError, match="ours"), Guard(print)():
        raise KeyError("ours")
