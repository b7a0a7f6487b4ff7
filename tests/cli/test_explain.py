import shutil

import pytest


@pytest.fixture
def workspace(tiny, tmp_path):
    shutil.copytree(tiny.workspace.root, tmp_path / "copy")
    return tmp_path / "copy"


def test_explain_says_what_it_wrote(tiny, end_to_end, workspace):
    places = ["--workspace", workspace, "--cache-dir", tiny.workspace.cache]
    done = end_to_end.command("explain", "--study", "tiny", "--what", "cam", "--show", 2, *places)
    assert done.code == 0, done.errors
    assert "heat.png" in done.output + done.errors
    assert (workspace / "studies" / "tiny" / "report" / "explain" / "heat.png").is_file()


def test_a_slip_is_an_error(tiny, end_to_end, workspace):
    places = ["--workspace", workspace, "--cache-dir", tiny.workspace.cache]
    done = end_to_end.command("explain", "--study", "tiny", "--what", "cam,soul", *places)
    assert done.code == 2
    assert "got soul" in done.errors
