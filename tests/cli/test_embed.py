import subprocess
import sys
from pathlib import Path

import pytest

TUNING = ["--tuning", "head", "--tuning-set", "epochs=1", "--tuning-set", "augmentation=none"]

BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"optuna", "mlflow", "lightgbm", "xgboost", "matplotlib"}:
            raise ImportError("blocked: " + name)
sys.meta_path.insert(0, Blocked())
from automl_skin.cli.main import run
if __name__ == "__main__":
    run()
"""


def flags_of(tiny, end_to_end):
    settings = {
        name: value for name, value in end_to_end.SETTINGS.items() if name not in {"family", "fusion", "jobs"}
    }
    target = {name: value for name, value in end_to_end.BINARY.items() if name != "trials"}
    return end_to_end.as_flags({"data": str(tiny.table), "images": str(tiny.images), **settings, **target})


def test_without_tuning_the_frozen_networks_are_embedded(tiny, end_to_end, tmp_path):
    places = ["--workspace", tmp_path / "work", "--cache-dir", tmp_path / "cache"]
    ended = end_to_end.command(
        "embed", *flags_of(tiny, end_to_end), "--tuning", "none", "--study", "mine", *places
    )
    assert ended.code == 0, ended.errors
    assert "Stage one:  1 frozen and 0 tuned networks in" in ended.output
    assert f"Cache:      {tmp_path / 'cache'}, " in ended.output
    assert "Next here:  automl-skin search --study mine --workspace" in ended.output
    assert "--positive melanoma,carcinoma" in ended.output
    assert "--tuning none --study mine --cache-dir COPY" in ended.output
    again = end_to_end.command("embed", "--study", "mine", *places)
    assert again.code == 0, again.errors
    assert "0 embeddings computed now" in again.output


def test_a_wrong_setting_is_wrong_input(tiny, end_to_end, tmp_path):
    ended = end_to_end.command(
        "embed",
        *flags_of(tiny, end_to_end),
        "--tuning",
        "ful",
        "--workspace",
        tmp_path,
        "--cache-dir",
        tmp_path,
    )
    assert ended.code == 2
    assert "did you mean full" in ended.errors


@pytest.mark.slow
def test_it_tunes_where_there_is_neither_search_nor_tracking_nor_trees(tiny, end_to_end, tmp_path):
    """In a process of its own, whose workers cannot import these libraries either."""
    program = tmp_path / "program.py"
    program.write_text(BLOCKED)
    arguments = [
        *flags_of(tiny, end_to_end), *TUNING, "--study", "mine",
        "--workspace", tmp_path / "work", "--cache-dir", tmp_path / "cache",
    ]  # fmt: skip
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, program, "embed", *map(str, arguments)],
        check=False, capture_output=True, text=True, cwd=root,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "1 frozen and 3 tuned networks" in ended.stdout
    assert "without folds 0, 1, 2" in ended.stdout
    assert ": epoch 1 of 1, loss " in ended.stdout
