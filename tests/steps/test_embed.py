import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from automl_skin.errors import ConfigError
from automl_skin.search.material import Material
from automl_skin.steps.embed import embed, find_needed
from automl_skin.steps.events import silent
from automl_skin.steps.prepare import read_prepared
from automl_skin.study.stage_one_file import read_embedded, write_embedded
from automl_skin.study.study import Study


@pytest.fixture
def study(tiny, tmp_path):
    """A copy of the study, to be changed."""
    folder = shutil.copytree(tiny.study.folder, tmp_path / "studies" / "tiny")
    return Study("tiny", folder, tiny.study.config, tiny.workspace)


def test_material_has_no_locked_case_and_the_locked_one_no_label(tiny):
    plan = tiny.study.read_plan()
    development, locked = Material.read(tiny.study.material), Material.read(tiny.study.locked_material)
    assert set(development.cases.index) == set(plan.development)
    assert set(locked.cases.index) == set(plan.locked)
    assert "target" not in locked.cases
    assert "diagnosis" not in locked.cases


def test_second_time_nothing_is_computed_and_the_material_is_the_same(study):
    before = Material.read(study.material).digest
    stage_one = embed(read_prepared(study), silent)
    assert stage_one.computed == 0
    assert Material.read(study.material).digest == before


def test_embeddings_of_another_precision_do_not_mix_with_the_trials(study):
    ((name, one),) = read_embedded(study).items()
    other = "float32" if one.precision == "bfloat16" else "bfloat16"
    write_embedded(study, {name: replace(one, precision=other)})
    before = {file: file.stat().st_mtime_ns for file in study.material.rglob("*")}
    now = f"{one.precision}, where they were .* in {other}"
    with pytest.raises(ConfigError, match=f"expected the same embeddings for all.*{now}"):
        embed(read_prepared(study), silent)
    assert {file: file.stat().st_mtime_ns for file in study.material.rglob("*")} == before


def test_image_that_vanished_before_stage_one_is_reported(tiny, end_to_end, tmp_path):
    images = shutil.copytree(tiny.images, tmp_path / "images")
    gone = min(images.iterdir())
    gone.write_bytes(gone.read_bytes()[:500])
    workspace = type(tiny.workspace)(tmp_path / "work", tmp_path / "cache")
    settings = {"data": str(tiny.table), "images": str(images), **end_to_end.BINARY, "trials": 2}
    outcome = end_to_end.search(workspace, "damaged", **settings)
    prepared = json.loads((outcome.study.folder / "prepared.json").read_text())
    assert prepared["without_image"] == [gone.stem]
    assert gone.stem not in outcome.study.read_plan().table.index
    assert len(outcome.records) == 2
    audit = json.loads((outcome.study.folder / "audit.json").read_text())
    assert audit["images"]["damaged"] == 1


def test_needed_sets_are_those_of_the_members(tiny):
    sets = find_needed(tiny.study, tiny.study.stack.read().stack)
    assert [each.name for each in sets] == ["test_resnet.random@plain"]


def test_embeddings_are_finite(tiny):
    for values in Material.read(tiny.study.material).inputs.embeddings.values():
        assert np.isfinite(values).all()
