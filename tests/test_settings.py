import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from automl_skin import settings
from automl_skin.errors import StorageError
from automl_skin.settings import Workspace, default_cache_folder, user_name


def test_workspace_is_the_current_folder_by_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    workspace = Workspace.at()
    assert workspace.root == tmp_path
    assert workspace.cache == default_cache_folder()
    assert workspace.cache.is_absolute()


@pytest.mark.skipif(sys.platform != "linux", reason="the variable is Linux's")
def test_cache_follows_the_users_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_folder() == tmp_path / "automl-skin"


def test_paths_are_absolute_and_do_not_move(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    workspace = Workspace.at(Path("here"), Path("cache"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert workspace.studies == tmp_path / "here" / "studies"
    assert workspace.runs == tmp_path / "here" / "mlruns"
    assert workspace.cache == tmp_path / "cache"


def test_paths_may_be_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Workspace.at("here", "cache") == Workspace.at(Path("here"), Path("cache"))
    assert Workspace.at("here").study_folder(Path("other/ham")) == tmp_path / "other" / "ham"


def test_tracking_uri_is_an_absolute_sqlite_file(tmp_path):
    assert Workspace.at(tmp_path).tracking_uri == f"sqlite:///{tmp_path}/mlruns/mlflow.db"


def test_study_is_a_name_or_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    workspace = Workspace.at(tmp_path / "work")
    assert workspace.study_folder("ham") == tmp_path / "work" / "studies" / "ham"
    assert workspace.study_folder("other/ham") == tmp_path / "other" / "ham"
    assert workspace.study_folder(str(tmp_path / "ham")) == tmp_path / "ham"
    assert workspace.study_folder(".") == tmp_path


def test_workspace_is_frozen(tmp_path):
    workspace = Workspace.at(tmp_path)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'root'"):
        workspace.root = tmp_path


@pytest.mark.parametrize("error", [KeyError("getpwuid(): uid not found: 12345"), OSError("No username set")])
def test_user_id_without_a_name_is_its_number(monkeypatch, error):
    def unknown():
        raise error

    monkeypatch.setattr(settings.getpass, "getuser", unknown)
    monkeypatch.setattr(settings.os, "getuid", lambda: 12345)
    assert user_name() == "uid 12345"


def test_home_that_is_missing_is_named(monkeypatch):
    def unknown():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(settings.Path, "home", unknown)
    with pytest.raises(StorageError, match="set HOME to a folder that can be written"):
        Workspace.at(Path("w"), Path("c"))
