import shutil
from types import SimpleNamespace

import pytest

from automl_skin.settings import Workspace
from automl_skin.steps import search
from automl_skin.steps.events import Progressed, SearchBegan, StageOneEnded
from automl_skin.steps.leaderboard import trial_table


def test_every_second_belongs_to_one_step(monkeypatch):
    clock = iter([10.0, 11.5, 14.0])
    monkeypatch.setattr(search, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    watch = search.Stopwatch()
    watch.lap("stage one")
    watch.lap("trials")
    assert watch.seconds == {"stage one": 1.5, "trials": 2.5}


def test_a_finished_study_is_not_searched_again(tiny, end_to_end, tmp_path):
    folder = shutil.copytree(tiny.study.folder, tmp_path / "studies" / "tiny")
    kept = {
        path: path.read_bytes() for path in [*folder.glob("trials/*.*"), folder / "locked" / "openings.json"]
    }
    outcome = end_to_end.search(Workspace.at(tmp_path, tiny.workspace.cache), "tiny")
    assert outcome.study.folder == folder
    assert outcome.stage_one.computed == 0
    assert {path: path.read_bytes() for path in kept} == kept
    assert outcome.built.stack == tiny.study.stack.read().stack
    assert outcome.opening.stack == outcome.built.stack.digest
    assert trial_table(outcome.records).equals(trial_table(tiny.study.journal.read()))
    steps = ["understanding", "stage one", "trials", "stacking", "locked test", "shifts", "sources"]
    steps += ["missing metadata", "report"]
    assert list(outcome.seconds) == steps


def test_nobody_is_told_of_an_end_that_was_not_reached(tiny, tmp_path, monkeypatch):
    shutil.copytree(tiny.study.folder, tmp_path / "studies" / "tiny")
    study = search.Study("tiny", tmp_path / "studies" / "tiny", tiny.study.config, tiny.workspace)
    heard = []

    def fail(*_):
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr(search, "build_stack", fail)
    with pytest.raises(RuntimeError, match="the disk is gone"):
        search.run_search(study, lambda event: heard.append(type(event)))
    heard = [each for each in heard if each is not Progressed]
    assert heard == [StageOneEnded, SearchBegan]  # the data was understood in an earlier call
