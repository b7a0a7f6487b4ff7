import json
import shutil
from dataclasses import replace

import pandas as pd
import pytest

from automl_skin.errors import IntegrityError
from automl_skin.records import to_plain
from automl_skin.search.material import Material
from automl_skin.steps.leaderboard import make_leaderboard
from automl_skin.steps.locked import read_openings
from automl_skin.steps.report import in_curves, locked_pictures, write_report
from automl_skin.study.locked_part import LockedPart

OF_THE_SEARCH = {
    "leaderboard.csv",
    "spread.csv",
    "search_history.png",
    "shifts.png",
    "spread.png",
    "missing_metadata.png",
    "MODEL_CARD.md",
    "report.html",
}
OF_THE_LOCKED_TEST = {
    "locked_test.json",
    "locked_test.png",
    "locked_roc.png",
    "locked_precision_recall.png",
    "locked_calibration.png",
    "locked_decision.png",
}


@pytest.fixture
def write(tiny, tmp_path):
    """Write the report of a copy of the study, with or without the locked test."""
    folder = shutil.copytree(tiny.study.folder, tmp_path / "tiny", ignore=shutil.ignore_patterns("report"))
    study = replace(tiny.study, folder=folder)

    def run(opening):
        records, material = study.journal.read(), Material.read(study.material)
        board = make_leaderboard(study, records, material)
        write_report(study, records, study.stack.read(), board, opening, material)
        return study.report

    return run


def test_writes_its_files_and_no_others(tiny, write):
    (opening,) = read_openings(tiny.study)
    folder = write(opening)
    assert {path.name for path in folder.iterdir()} == OF_THE_SEARCH | OF_THE_LOCKED_TEST
    assert all(path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n") for path in folder.glob("*.png"))
    assert json.loads((folder / "locked_test.json").read_text()) == to_plain(opening)
    assert len((folder / "leaderboard.csv").read_text().splitlines()) == 7


def test_a_closed_locked_test_leaves_no_figure_of_it(write):
    folder = write(None)
    assert {path.name for path in folder.iterdir()} == OF_THE_SEARCH
    assert "was not opened" in (folder / "MODEL_CARD.md").read_text()


def test_pictures_of_the_locked_test_show_what_was_written_before_it_was_opened(tiny, tmp_path, monkeypatch):
    study = replace(tiny.study, folder=shutil.copytree(tiny.study.folder, tmp_path / "tiny"))
    (opening,) = read_openings(study)
    before = locked_pictures(study, opening)
    predictions = pd.read_parquet(study.locked_predictions)
    (1.0 - predictions).to_parquet(study.locked_predictions)
    with pytest.raises(IntegrityError, match=r"predictions\.parquet: expected what was written before"):
        locked_pictures(study, opening)
    with monkeypatch.context() as patched:
        patched.setattr(LockedPart, "verify_predictions", lambda *_: None)
        after = locked_pictures(study, opening)
    assert [name for name in before if before[name] != after[name]] == [
        "locked_roc",
        "locked_precision_recall",
        "locked_calibration",
    ]


def test_the_best_of_each_tuning_and_way_gets_no_curve():
    models = dict.fromkeys(["stack", "best trial", "rank average", "frozen", "full within", "full own"], 0)
    assert list(in_curves(models)) == ["stack", "best trial", "rank average", "frozen"]
