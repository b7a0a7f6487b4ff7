import shutil

import pandas as pd
import pytest

from automl_skin.data.record import read_labels
from automl_skin.errors import IntegrityError, TableError
from automl_skin.steps.prepare import prepare, read_prepared
from automl_skin.study.development_labels import read_development_labels
from automl_skin.study.study import open_study


@pytest.fixture
def begin(tiny, end_to_end, tmp_path):
    """Prepare a study of some rows."""

    def run(rows, name="mine", **settings):
        table = tmp_path / f"{name}.csv"
        rows.to_csv(table, index=False)
        workspace = type(tiny.workspace)(tmp_path / "work", tiny.workspace.cache)
        given = {
            "data": str(table),
            "images": str(tiny.images),
            **end_to_end.SETTINGS,
            **end_to_end.BINARY,
            **settings,
        }
        study = open_study(workspace, name, given)
        prepare(study, lambda what: lambda done, total: None)
        return study

    return run


def test_locked_labels_lie_in_a_file_of_their_own(tiny, begin):
    study = begin(tiny.rows)
    prepared = read_prepared(study)
    locked = prepared.plan.locked
    assert len(locked) > 0
    assert (prepared.manifest.cases.loc[locked, "label"] == -1).all()
    assert prepared.manifest.cases.loc[locked, "diagnosis"].isna().all()
    assert (prepared.manifest.cases.loc[prepared.plan.development, "label"] >= 0).all()
    assert set(read_labels(study.locked / "labels.parquet").index) == set(locked)
    assert set(read_development_labels(study).index) == set(prepared.plan.development)


def test_table_changed_after_the_beginning_is_refused(tiny, begin):
    study = begin(tiny.rows)
    table = pd.read_csv(study.config.data[0])
    table.assign(age=1).to_csv(study.config.data[0], index=False)
    with pytest.raises(IntegrityError, match="was changed after the study mine began"):
        read_prepared(study)


def test_plan_changed_after_the_beginning_is_refused(tiny, begin):
    study = begin(tiny.rows)
    plan = study.folder / "plan.csv"
    plan.write_text(plan.read_text().replace("locked", "development"))
    with pytest.raises(IntegrityError, match="plan"):
        read_prepared(study)


def test_development_labels_changed_after_the_beginning_are_refused(tiny, begin):
    study = begin(tiny.rows)
    path = study.folder / "development_labels.parquet"
    labels = pd.read_parquet(path)
    labels.assign(label=1 - labels["label"]).to_parquet(path)
    with pytest.raises(IntegrityError, match=r"development_labels\.parquet: expected the digest"):
        read_prepared(study)


def test_same_study_has_the_same_plan(tiny, begin):
    first, second = begin(tiny.rows, "first"), begin(tiny.rows, "second")
    assert first.read_plan().digest == second.read_plan().digest
    assert begin(tiny.rows, "third", seed=1).read_plan().digest != first.read_plan().digest


def test_images_may_move(tiny, begin, tmp_path):
    study = begin(tiny.rows)
    moved = shutil.copytree(tiny.images, tmp_path / "moved")
    again = open_study(study.workspace, "mine", {"images": str(moved)})
    assert read_prepared(again).manifest.images_root == moved.resolve()


def test_class_smaller_than_the_folds_begins_nothing(tiny, begin, tmp_path):
    positives = tiny.rows.index[tiny.rows["diagnosis"].isin(["melanoma", "carcinoma"])]
    rows = tiny.rows.drop(index=positives[2:])
    with pytest.raises(TableError, match=r"carcinoma|melanoma|positive|class"):
        begin(rows)
    assert not (tmp_path / "work").exists()


def test_one_class_begins_nothing(tiny, begin, tmp_path):
    with pytest.raises(TableError, match="at least two values"):
        begin(tiny.rows.assign(diagnosis="nevus"))
    assert not (tmp_path / "work").exists()


def test_group_as_large_as_a_fold_is_told_or_refused(tiny, begin, tmp_path):
    rows = tiny.rows.assign(patient_id="everybody")
    with pytest.raises(TableError, match="group"):
        begin(rows)
    assert not (tmp_path / "work").exists()


def test_contradicting_cases_are_named(tiny, begin):
    rows = tiny.rows.assign(image_id=tiny.rows["image_id"].iloc[0])
    with pytest.raises(TableError, match=r"expected each image in one row.*row"):
        begin(rows)
