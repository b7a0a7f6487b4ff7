import json
import shutil
from dataclasses import replace

import pytest

from automl_skin.errors import IntegrityError
from automl_skin.settings import Workspace
from automl_skin.study import precision
from automl_skin.study.precision import keep_precision, precision_of


@pytest.fixture
def study(tiny, tmp_path):
    return replace(tiny.study, workspace=Workspace(tiny.workspace.root, tmp_path / "cache"))


def on_a_machine_of(monkeypatch, name):
    monkeypatch.setattr(precision, "resolve_precision", lambda device: name)


def test_precision_is_the_machines_own(study, monkeypatch):
    for name in ("float32", "bfloat16"):
        on_a_machine_of(monkeypatch, name)
        assert precision_of(study) == name


def test_precision_goes_where_the_cache_goes(study, monkeypatch, tmp_path):
    on_a_machine_of(monkeypatch, "bfloat16")
    assert keep_precision(study) == "bfloat16"
    copied = shutil.copytree(study.workspace.cache, tmp_path / "copy")
    there = replace(study, name="another", workspace=Workspace(tmp_path / "there", copied))
    on_a_machine_of(monkeypatch, "float32")
    assert precision_of(there) == "bfloat16"
    assert precision_of(study) == "bfloat16"
    assert precision_of(replace(study, folder=tmp_path / "nothing")) == "float32"


def test_another_plan_has_its_own_precision(study, monkeypatch, tmp_path):
    on_a_machine_of(monkeypatch, "bfloat16")
    keep_precision(study)
    other = tmp_path / "other"
    other.mkdir()
    facts = json.loads((study.folder / "prepared.json").read_text())
    (other / "prepared.json").write_text(json.dumps({**facts, "plan": "0" * 64}))
    on_a_machine_of(monkeypatch, "float32")
    assert precision_of(replace(study, folder=other)) == "float32"


def test_a_note_that_names_no_precision_is_refused(study, monkeypatch):
    on_a_machine_of(monkeypatch, "bfloat16")
    keep_precision(study)
    (note,) = (study.workspace.cache / "stage_one").iterdir()
    note.write_text('{"precision": "float17"}')
    with pytest.raises(IntegrityError, match=r"expected a precision \(float32, bfloat16, float16\)"):
        precision_of(study)
