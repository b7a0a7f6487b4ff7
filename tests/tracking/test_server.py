import socket
import sqlite3
import sys
import webbrowser
from contextlib import closing
from types import SimpleNamespace

import pytest

from automl_skin.errors import ConfigError, StorageError
from automl_skin.tracking import server
from automl_skin.tracking.server import open_page, serve_ui, ui_command, ui_environment
from automl_skin.tracking.store import open_store


def test_the_pages_are_of_this_store_and_this_python(tmp_path):
    command = ui_command("sqlite:////x/mlflow.db", tmp_path, "127.0.0.1", 5001)
    assert command[:4] == [sys.executable, "-m", "mlflow", "ui"]
    assert command[command.index("--backend-store-uri") + 1] == "sqlite:////x/mlflow.db"
    assert command[command.index("--port") + 1] == "5001"
    assert ui_environment("sqlite:////x/mlflow.db")["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_a_server_has_its_own_pages(tmp_path):
    with pytest.raises(ConfigError, match="has its own pages"):
        serve_ui("http://tracking:5000", tmp_path, "127.0.0.1", 5001, print)


def test_what_is_no_store_is_named(tmp_path):
    (tmp_path / "mlflow.db").write_text("no database at all, but text in a file")
    with pytest.raises(StorageError, match="cannot be opened"):
        serve_ui(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path, "127.0.0.1", 5001, print)


def test_another_programs_pages_are_not_taken_for_ours(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} .* give another --port"):
            serve_ui(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path, "127.0.0.1", port, print)
    assert not (tmp_path / "mlflow.db").exists()


@pytest.fixture
def pages(monkeypatch):
    """Serve nothing: record the store of the pages, and what was opened in the browser."""
    seen = SimpleNamespace(stores=[], opened=[])

    class Ended:
        def wait(self):
            return 0

        def terminate(self):
            pass

    def start(command, env):
        uri = command[command.index("--backend-store-uri") + 1]
        with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as database:
            places = database.execute("SELECT artifact_location FROM experiments WHERE name = 'moles'")
            seen.stores.append((uri, env["AUTOML_SKIN_STORE"], [place for (place,) in places]))
        return Ended()

    monkeypatch.setattr(server.subprocess, "Popen", start)
    monkeypatch.setattr(server, "_answers", lambda *_: True)
    monkeypatch.setattr(server, "_expect_free", lambda *_: None)
    monkeypatch.setattr(server, "open_page", seen.opened.append)
    monkeypatch.setattr(server.signal, "signal", lambda *_: None)
    return seen


def test_the_last_study_is_opened_in_the_browser(store, tmp_path, pages):
    artifacts = tmp_path / "mlruns" / "artifacts"
    last = open_store(store.uri, "more moles", artifacts).experiment_id
    said = []
    assert serve_ui(store.uri, artifacts, "::", 5001, said.append, browse=True) == 0
    (address,) = pages.opened
    assert address.startswith(f"http://[::1]:5001/#/experiments/{last}/runs?viewStateShareKey")
    assert sum(address in line for line in said) == 1
    assert sum("/#/experiments/" in line for line in said) == 3  # the template has another study


def test_no_browser_unless_asked(store, tmp_path, pages):
    assert serve_ui(store.uri, tmp_path / "mlruns" / "artifacts", "127.0.0.1", 5001, print) == 0
    assert pages.opened == []


def test_a_store_that_cannot_be_written_is_shown_by_a_copy(store, tmp_path, pages, monkeypatch):
    new = (tmp_path / "mlruns").rename(tmp_path / "mounted")
    content = (new / "mlflow.db").read_bytes()
    (new / ".mlflow.lock").unlink()
    monkeypatch.setattr(server.os, "access", lambda path, _: new not in (path, path.parent))
    said = []
    assert serve_ui(f"sqlite:///{new / 'mlflow.db'}", new / "artifacts", "127.0.0.1", 1, said.append) == 0
    assert "cannot be written" in said[0]
    ((served, shown, places),) = pages.stores
    assert served == shown
    assert not served.startswith(f"sqlite:///{new}")
    assert places == [str(new / "artifacts")]  # the artefacts themselves are not copied
    assert (new / "mlflow.db").read_bytes() == content
    assert not (new / ".mlflow.lock").exists()


class Window(webbrowser.BaseBrowser):
    """A browser with a window."""

    opened = ()

    def open(self, url, new=0, autoraise=True):
        self.opened = (*self.opened, url)
        return True


class Broken(webbrowser.BaseBrowser):
    def open(self, url, new=0, autoraise=True):
        raise OSError("cannot be started")


def test_a_browser_with_a_window_opens_the_page(monkeypatch):
    window = Window()
    monkeypatch.setattr(webbrowser, "get", lambda: window)
    assert open_page("http://127.0.0.1:5000")
    assert window.opened == ("http://127.0.0.1:5000",)


@pytest.mark.parametrize("browser", [None, Broken(), webbrowser.GenericBrowser("lynx")])
def test_no_browser_is_no_error_and_none_takes_the_terminal(monkeypatch, browser):
    def get():
        if browser is None:
            raise webbrowser.Error("could not locate runnable browser")
        return browser

    monkeypatch.delenv("BROWSER", raising=False)
    monkeypatch.setattr(webbrowser, "get", get)
    assert not open_page("http://127.0.0.1:5000")


def test_the_browser_that_the_user_named_is_taken(monkeypatch):
    monkeypatch.setenv("BROWSER", "true")
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser("true"))
    assert open_page("http://127.0.0.1:5000")
