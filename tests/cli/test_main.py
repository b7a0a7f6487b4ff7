import subprocess
import sys

import pytest

from automl_skin import settings
from automl_skin.steps import check

HEAVY = (
    "torch",
    "timm",
    "pandas",
    "numpy",
    "sklearn",
    "scipy",
    "optuna",
    "mlflow",
    "cv2",
    "pydantic",
    "matplotlib",
)


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nsys.argv = ['automl-skin', '--help']\nfrom automl_skin.cli.main import run\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        f"print('LOADED', [name for name in {HEAVY} if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "LOADED []" in ended.stdout
    for name in (
        "check",
        "search",
        "embed",
        "leaderboard",
        "report",
        "ui",
        "export",
        "score",
        "evaluate",
        "studies",
        "cache",
    ):
        assert f" {name} " in ended.stdout


def test_help_says_the_exit_codes(end_to_end):
    ended = end_to_end.command("--help")
    assert ended.code == 0
    assert "130" in ended.output


@pytest.mark.parametrize(
    "name",
    ["check", "search", "embed", "leaderboard", "report", "ui", "export", "score", "evaluate", "studies"],
)
def test_every_command_explains_itself(end_to_end, name):
    ended = end_to_end.command(name, "--help")
    assert ended.code == 0
    assert "--help" in ended.output


def test_unknown_command_and_flag_are_wrong_input(end_to_end):
    assert end_to_end.command("serch").code == 2
    ended = end_to_end.command("search", "--trails", "3")
    assert ended.code == 2
    assert "--trials" in ended.errors


def test_interruption_says_that_what_is_done_is_kept(end_to_end, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "check_data", interrupted)
    ended = end_to_end.command("check")
    assert ended.code == 130
    assert "what is finished is kept" in ended.errors


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(28, "No space left on device", "mlflow.db"), "mlflow.db: the disk is full"),
        (PermissionError(13, "Permission denied", "/data"), "/data: permission denied"),
        (RuntimeError("(sqlite3.OperationalError) database or disk is full"), "the disk is full"),
    ],
)
def test_refusal_of_the_system_that_no_step_has_met_is_wrong_input(end_to_end, monkeypatch, error, message):
    def refused(*_):
        raise error

    monkeypatch.setattr(check, "check_data", refused)
    ended = end_to_end.command("check")
    assert ended.code == 2
    assert message in ended.errors


def test_other_errors_keep_their_traceback(end_to_end, monkeypatch):
    def broken(*_):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(check, "check_data", broken)
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        end_to_end.command("check")


def test_user_without_a_home_is_told_so(end_to_end, monkeypatch):
    def unknown(*_):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(settings.Path, "home", unknown)
    ended = end_to_end.command("leaderboard", "--study", "x")
    assert ended.code == 2
    assert "set HOME to a folder that can be written" in ended.errors
