from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_skin.errors import ConfigError, TableError
from automl_skin.export.bundle import read_facts
from automl_skin.workflow.evaluate import LabelledSet, evaluate, labelled_rows, row_labels


@pytest.fixture
def labelled(tiny, tmp_path):
    """Write a labelled table."""

    def write(rows, target="diagnosis", positive=()):
        rows.to_csv(tmp_path / "labelled.csv", index=False)
        return LabelledSet(tmp_path / "labelled.csv", tiny.images, target, tuple(positive), {})

    return write


@pytest.fixture
def facts(tiny):
    return read_facts(tiny.bundle)


def test_a_bundle_of_other_classes_is_refused(labelled, tiny, facts):
    several = replace(facts, classes=("keratosis", "nevus"), positive=())
    given = labelled(tiny.rows)
    with pytest.raises(ConfigError, match=r"classes \(keratosis, nevus\).*found carcinoma, melanoma as well"):
        row_labels(tiny.rows["diagnosis"], given, several)
    known = pd.Series(["nevus", "keratosis", "nevus"], dtype="str")
    assert row_labels(known, given, several).tolist() == [1, 0, 1]


def test_one_class_alone_is_told_and_gives_no_picture(labelled, tiny, tmp_path):
    rows = tiny.rows[tiny.rows["diagnosis"] == "nevus"].head(6).assign(malignant="no")
    evaluation = evaluate(tiny.bundle, labelled(rows, "malignant", ["yes"]), tmp_path / "out")
    assert evaluation.class_counts == (6, 0)
    assert (evaluation.auc, evaluation.calibration) == (None, None)
    assert any("All scored cases are negative" in note for note in evaluation.notes)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"scores.csv", "evaluation.json"}


def test_positive_by_the_bundle_or_by_the_user(labelled, tiny, facts):
    values = tiny.rows["diagnosis"]
    by_bundle = row_labels(values, labelled(tiny.rows), facts)
    assert np.array_equal(by_bundle, values.isin(["melanoma", "carcinoma"]))
    by_user = row_labels(values, labelled(tiny.rows, positive=["nevus"]), facts)
    assert np.array_equal(by_user, values == "nevus")
    with pytest.raises(ConfigError, match=r"melanoma, carcinoma were positive.*give --positive"):
        row_labels(pd.Series(["a", "b", "c"], dtype="str"), labelled(tiny.rows), facts)


def test_images_of_one_case_have_one_label(labelled, tiny, tmp_path):
    same = dict.fromkeys(["patient_id", "lesion_id", "source", "age", "sex", "site"], "1")
    diagnoses = ["nevus", "melanoma", "nevus", "nevus"]
    rows = tiny.rows.head(4).assign(case_id=["a", "a", "b", "c"], diagnosis=diagnoses, **same)
    with pytest.raises(TableError, match="1 cases have several, such as 'a'"):
        evaluate(tiny.bundle, labelled(rows, positive=["melanoma"]), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_target_without_any_value_is_refused(labelled, tiny):
    with pytest.raises(TableError, match="'diagnosis' must hold a diagnosis and is empty"):
        labelled_rows(labelled(tiny.rows.assign(diagnosis="unknown")))
