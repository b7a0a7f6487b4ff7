import json
import shutil
from dataclasses import replace

import pandas as pd
import pytest

from automl_skin.digests import digest_file
from automl_skin.errors import IntegrityError
from automl_skin.settings import Workspace
from automl_skin.study.facts import PreparedDigests
from automl_skin.study.locked_part import LockedPart
from automl_skin.study.study import Study


@pytest.fixture
def make(tmp_path):
    """Make a study of which nothing is there but locked cases, each with one photograph."""

    def run(name, photographs, diagnosis="nevus", cache="cache", workspace="workspace"):
        place = Workspace.at(tmp_path / workspace, tmp_path / cache)
        study = Study(name, place.study_folder(name), None, place)
        cases = pd.Index([f"{name}-{each}" for each in photographs], name="case")
        labels = pd.DataFrame({"label": 0, "diagnosis": diagnosis}, index=cases)
        images = pd.DataFrame({"case": cases, "path": [f"{case}.jpg" for case in cases]})
        contents = pd.Series(list(photographs), index=images["path"])
        facts = LockedPart(study).put_away(labels, images, contents)
        rest = {"labels": "", "plan": "", "table": "", "images": "", "without_image": ()}
        study.prepared.write(PreparedDigests(**facts, **rest))
        study.locked_predictions.write_bytes(name.encode())
        return study

    return run


def open_for(study, stack="stack"):
    predictions = study.locked_predictions
    record, labels = LockedPart(study).open(for_=stack, trials=3, predictions=predictions)
    assert len(labels)
    return record.times_opened, record.reopened_share


def test_a_second_study_on_the_same_locked_cases_opens_them_a_second_time(make):
    assert open_for(make("first", "abcd")) == (1, 0.0)
    assert open_for(make("second", "abcd", workspace="elsewhere")) == (2, 1.0)
    assert open_for(make("third", "dcba")) == (3, 1.0)


def test_overlap_is_counted_case_by_case(make):
    open_for(make("first", "abcd"))
    open_for(make("second", "defg"))
    assert open_for(make("third", "dexy")) == (3, 0.5)
    assert open_for(make("fourth", "mnop")) == (1, 0.0)


def test_the_same_photographs_with_another_diagnosis_are_other_cases(make):
    open_for(make("first", "abcd"))
    assert open_for(make("second", "abcd", diagnosis="melanoma")) == (1, 0.0)


def test_studies_of_the_workspace_count_without_the_cache_and_the_cache_without_the_study(make):
    first = make("first", "abcd")
    open_for(first)
    assert open_for(make("second", "abcd", cache="another")) == (2, 1.0)
    shutil.rmtree(first.workspace.studies)
    assert open_for(make("third", "abcd")) == (2, 1.0)


def test_a_changed_record_of_another_study_of_the_workspace_is_named(make):
    first = make("first", "abcd")
    open_for(first)
    path = first.locked / "openings.json"
    path.write_text(path.read_text().replace('"trials": 3', '"trials": 2'))
    with pytest.raises(
        IntegrityError, match=r"studies/first/locked/openings\.json: expected what the study wrote"
    ):
        open_for(make("second", "abcd"))


def test_opening_for_the_same_stack_again_is_no_new_opening(make):
    study = make("first", "abcd")
    assert open_for(study) == open_for(study) == (1, 0.0)
    assert open_for(study, "another") == (2, 1.0)
    assert open_for(study) == (1, 0.0)
    assert len(LockedPart(study).records()) == 2


def test_a_study_whose_cache_was_deleted_writes_its_openings_down_there_again(make):
    study = make("first", "abcd")
    open_for(study)
    shutil.rmtree(study.workspace.cache)
    open_for(study)
    shutil.rmtree(study.folder)
    assert open_for(make("second", "abcd")) == (2, 1.0)


def test_nothing_that_was_changed_is_believed(make):
    study = make("first", "abcd")
    open_for(study)
    part, locked = LockedPart(study), study.locked
    changes = {
        "labels.parquet": lambda path: pd.read_parquet(path).assign(label=1).to_parquet(path),
        "cases.json": lambda path: path.write_text(path.read_text().replace("first-a", "first-z")),
        "openings.json": lambda path: path.write_text(path.read_text().replace('"trials": 3', '"trials": 2')),
    }
    for name, change in changes.items():
        kept = (locked / name).read_bytes()
        change(locked / name)
        with pytest.raises(IntegrityError, match=f"{name}: expected what the study wrote.*restore it"):
            open_for(study)
        (locked / name).write_bytes(kept)
    assert open_for(study) == (1, 0.0)
    assert part.records()[0].predictions == digest_file(locked / "predictions.parquet")


def test_an_opening_taken_out_of_the_record_is_noticed(make):
    study = make("first", "abcd")
    for stack in ("one", "two", "three"):
        open_for(study, stack)
    path = study.locked / "openings.json"
    path.write_text(json.dumps(json.loads(path.read_text())[1:]))
    with pytest.raises(IntegrityError, match=r"openings\.json: expected what the study wrote"):
        LockedPart(study).records()


def test_labels_are_given_again_for_an_opening_on_record_alone(make):
    study = make("first", "abcd")
    part = LockedPart(study)
    open_for(study)
    (record,) = part.records()
    assert len(part.open_as_recorded(record)) == 4
    with pytest.raises(IntegrityError, match="the opening made up is not on record"):
        part.open_as_recorded(replace(record, id="made up"))


def test_a_count_whose_cases_were_changed_is_refused(make):
    study = make("first", "abcd")
    open_for(study)
    (path,) = (study.workspace.cache / "openings").glob("*/cases.json")
    path.write_text("{}")
    with pytest.raises(IntegrityError, match=r"cases\.json: expected the locked cases with the digest"):
        open_for(study, "another")


def test_a_photograph_that_is_not_readable_counts_nothing(make):
    study = make("first", "abcd")
    labels = pd.DataFrame({"label": 0, "diagnosis": "nevus"}, index=pd.Index(["x"], name="case"))
    images = pd.DataFrame({"case": ["x", "x", "y"], "path": ["x.jpg", None, "y.jpg"]})
    LockedPart(study).put_away(labels, images, pd.Series(["a", "b"], index=["x.jpg", "y.jpg"]))
    assert {
        name: len(keys) for name, keys in json.loads((study.locked / "cases.json").read_text()).items()
    } == {"x": 1}
