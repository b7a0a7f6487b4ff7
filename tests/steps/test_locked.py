import json
import shutil
from dataclasses import replace
from unittest import mock

import pandas as pd
import pytest

from automl_skin.errors import IntegrityError
from automl_skin.search.material import Material
from automl_skin.settings import Workspace
from automl_skin.stacking.methods import best_single
from automl_skin.steps.locked import open_locked, read_openings, why_not_opened
from automl_skin.steps.stack import build_stack
from automl_skin.study.locked_part import LockedPart


@pytest.fixture
def study(tiny, tmp_path):
    """A copy of the study in a workspace and with a cache of its own, where nobody else opens anything."""
    workspace = Workspace.at(tmp_path / "workspace", tmp_path / "cache")
    folder = shutil.copytree(tiny.study.folder, workspace.study_folder("tiny"))
    return replace(tiny.study, folder=folder, workspace=workspace)


@pytest.fixture
def material(study):
    return Material.read(study.material)


@pytest.fixture
def records(study):
    return study.journal.read()


@pytest.fixture
def another(study, records, material):
    """Return another stack of the same study."""
    with mock.patch.dict("automl_skin.stacking.stack.METHODS", {"best trial": best_single}, clear=True):
        return build_stack(study, records, material)


def test_the_same_stack_opens_nothing_twice(study, records, material):
    before = read_openings(study)
    (study.locked / "labels.parquet").write_bytes(b"must not be read again")
    opening = open_locked(study, records, study.stack.read(), material)
    assert [opening] == before == read_openings(study)
    assert opening.figures.times_opened == 1


def test_another_stack_leaves_it_closed_and_says_why(study, records, material, another):
    (study.locked / "labels.parquet").write_bytes(b"must not be read")
    assert open_locked(study, records, another, material) is None
    assert len(read_openings(study)) == 1
    assert "--open-again" in why_not_opened(study)


def test_opening_it_again_is_counted_in_every_figure(study, records, material, another):
    opening = open_locked(study, records, another, material, again=True)
    assert opening.figures.times_opened == 2
    assert [each.stack for each in read_openings(study)] == [
        read_openings(study)[0].stack,
        another.stack.digest,
    ]
    assert all(
        "opened 2 times" in line for line in opening.figures.lines() if "AUC 0" in line or "AUC 1" in line
    )


def test_locked_cases_of_another_plan_are_refused(study, records, material, another):
    strange = replace(material, plan_digest="0" * 64)
    with pytest.raises(IntegrityError, match="expected the plan 0000"):
        open_locked(study, records, another, strange, again=True)


def forget_openings(study):
    (study.locked / "openings.json").unlink()


def measured(study, records, material, **options):
    return open_locked(study, records, study.stack.read(), material, **options).figures


def test_a_record_that_was_deleted_does_not_make_it_the_first_opening_again(study, records, material):
    forget_openings(study)
    assert measured(study, records, material).opened == "opened once"
    forget_openings(study)
    figures = measured(study, records, material)
    assert figures.times_opened == 2
    assert all("opened 2 times]" in line for line in figures.lines() if "AUC 0" in line or "AUC 1" in line)


def test_an_opening_that_ended_before_its_figures_is_on_record_and_is_concluded(
    study, records, material, monkeypatch
):
    before = measured(study, records, material)
    forget_openings(study)
    with monkeypatch.context() as killed:
        killed.setattr("automl_skin.steps.locked.locked_figures", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            measured(study, records, material)
    (record,) = LockedPart(study).records()
    assert record.figures is None
    assert read_openings(study) == []
    with monkeypatch.context() as scored:
        scored.setattr("automl_skin.steps.locked.score_locked", None)  # what was on disk is measured
        assert measured(study, records, material) == before
    assert [each.id for each in LockedPart(study).records()] == [record.id]


def test_the_opening_is_written_before_the_labels_are_read(study, records, material, monkeypatch):
    forget_openings(study)

    def killed(path):
        assert path.name == "labels.parquet"
        assert len(LockedPart(study).records()) == 1
        raise KeyboardInterrupt

    monkeypatch.setattr("automl_skin.study.locked_part.read_labels", killed)
    with pytest.raises(KeyboardInterrupt):
        measured(study, records, material)
    monkeypatch.undo()
    assert len(LockedPart(study).records()) == 1
    assert measured(study, records, material).times_opened == 1


def test_a_stack_after_an_opening_without_figures_leaves_it_closed(
    study, records, material, another, monkeypatch
):
    forget_openings(study)
    with monkeypatch.context() as killed:
        killed.setattr("automl_skin.steps.locked.locked_figures", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            open_locked(study, records, another, material)
    value = json.loads((study.locked / "openings.json").read_text())
    assert open_locked(study, records, replace(another, stack=shuffled(another.stack)), material) is None
    assert json.loads((study.locked / "openings.json").read_text()) == value
    assert "that search ended before it had figures. `--open-again`" in why_not_opened(study)


def shuffled(stack):
    """Return another stack of the same members."""
    return replace(stack, method="average")


def test_probabilities_changed_after_the_opening_are_refused(study, records, material, monkeypatch):
    forget_openings(study)
    with monkeypatch.context() as killed:
        killed.setattr("automl_skin.steps.locked.locked_figures", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            measured(study, records, material)
    path = study.locked_predictions
    (1.0 - pd.read_parquet(path)).to_parquet(path)
    with pytest.raises(IntegrityError, match=r"predictions\.parquet: expected what was written before"):
        measured(study, records, material)
