import pytest

from automl_skin.tracking import server


@pytest.fixture
def served(monkeypatch):
    """What the pages were asked to show; no server is started."""
    calls = []

    def serve(*arguments, browse):
        calls.append((*arguments, browse))
        return 0

    monkeypatch.setattr(server, "serve_ui", serve)
    return calls


def test_shows_this_workspace_to_this_machine_only(end_to_end, tmp_path, served):
    ended = end_to_end.command("ui", "--workspace", tmp_path)
    assert ended.code == 0, ended.errors
    ((uri, artifacts, host, port, _, browse),) = served
    assert uri == f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}"
    assert artifacts == tmp_path / "mlruns" / "artifacts"
    assert (host, port) == ("127.0.0.1", 5000)
    assert browse


def test_no_browser_is_opened_on_request(end_to_end, tmp_path, served):
    assert end_to_end.command("ui", "--workspace", tmp_path, "--no-browser").code == 0
    assert served[0][-1] is False


def test_a_workspace_that_is_not_there_is_no_empty_one(end_to_end, tmp_path, served):
    ended = end_to_end.command("ui", "--workspace", tmp_path / "typo")
    assert ended.code == 2
    assert "--workspace: expected the folder" in ended.errors
    assert served == []
    assert not (tmp_path / "typo").exists()


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_is_none_is_refused(end_to_end, tmp_path, served, port):
    ended = end_to_end.command("ui", "--workspace", tmp_path, "--port", port)
    assert ended.code == 2
    assert "--port" in ended.errors
    assert served == []


def test_a_server_has_its_own_pages(end_to_end, tmp_path):
    ended = end_to_end.command("ui", "--workspace", tmp_path, "--tracking-uri", "http://127.0.0.1:5000")
    assert ended.code == 2
    assert "has its own pages" in ended.errors


def test_the_servers_exit_code_is_handed_on(end_to_end, tmp_path, monkeypatch):
    monkeypatch.setattr(server, "serve_ui", lambda *_, browse: 4)
    assert end_to_end.command("ui", "--workspace", tmp_path).code == 4
