import shutil
from dataclasses import replace
from unittest import mock

import pytest

from automl_skin.errors import IntegrityError
from automl_skin.search.material import Material
from automl_skin.stacking.methods import best_single
from automl_skin.workflow.locked import open_locked, read_openings, why_not_opened
from automl_skin.workflow.stack import build_stack, read_stack


@pytest.fixture
def study(tiny, tmp_path):
    return replace(tiny.study, folder=shutil.copytree(tiny.study.folder, tmp_path / "tiny"))


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
    opening = open_locked(study, records, read_stack(study), material)
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
    with pytest.raises(IntegrityError, match="must be of the plan 0000"):
        open_locked(study, records, another, strange, again=True)
