import sys

import pytest

from automl_skin.errors import ConfigError, StorageError
from automl_skin.tracking.server import serve_ui, ui_command, ui_environment


def test_the_pages_are_of_this_store_and_this_python(tmp_path):
    command = ui_command("sqlite:////x/mlflow.db", tmp_path, "127.0.0.1", 5001)
    assert command[:4] == [sys.executable, "-m", "mlflow", "ui"]
    assert command[command.index("--backend-store-uri") + 1] == "sqlite:////x/mlflow.db"
    assert command[command.index("--port") + 1] == "5001"
    assert ui_environment()["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_a_server_has_its_own_pages(tmp_path):
    with pytest.raises(ConfigError, match="has its own pages"):
        serve_ui("http://tracking:5000", tmp_path, "127.0.0.1", 5001, print)


def test_what_is_no_store_is_named(tmp_path):
    (tmp_path / "mlflow.db").write_text("no database at all, but text in a file")
    with pytest.raises(StorageError, match="cannot be opened"):
        serve_ui(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path, "127.0.0.1", 5001, print)
