"""What is installed is what is here: every module, and every committed study with nothing of its outcome."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """Names in a wheel that was built here and now."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_a_wheel_has_every_study_and_nothing_else_of_them(content):
    committed = {path.relative_to(ROOT).as_posix() for path in (ROOT / "studies").glob("*/study.toml")}
    shipped = {name.removeprefix("automl_skin/") for name in content if "/studies/" in name}
    assert shipped == committed
    assert "studies/fusions/study.toml" in shipped


def test_a_wheel_has_every_module_and_no_test(content):
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "automl_skin").rglob("*.py")}
    assert {name for name in content if name.endswith(".py")} == modules
    assert "automl_skin/evaluation/model_card.md.jinja" in content
