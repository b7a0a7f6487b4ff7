from dataclasses import replace

import pytest

from automl_skin.errors import ConfigError, TableError
from automl_skin.steps.evaluate import LabelledSet, evaluate, labelled_rows


@pytest.fixture
def labelled(tiny, tmp_path):
    """Write a labelled table."""

    def write(rows, target="diagnosis", positive=()):
        rows.to_csv(tmp_path / "labelled.csv", index=False)
        return LabelledSet((tmp_path / "labelled.csv",), tiny.images, target, tuple(positive), {})

    return write


def test_one_class_alone_is_told_and_gives_no_picture(labelled, tiny, tmp_path):
    rows = tiny.rows[tiny.rows["diagnosis"] == "nevus"].head(6).assign(malignant="no")
    evaluation = evaluate(tiny.bundle, labelled(rows, "malignant", ["yes"]), tmp_path / "out")
    assert evaluation.class_counts == (6, 0)
    assert (evaluation.auc, evaluation.calibration_error) == (None, None)
    assert any("All scored cases are negative" in note for note in evaluation.notes)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"scores.csv", "evaluation.json"}


def test_what_was_positive_is_said_and_a_turned_polarity_warned_of(labelled, tiny, tmp_path):
    evaluation = evaluate(tiny.bundle, labelled(tiny.rows), tmp_path / "out")
    assert evaluation.notes[0].startswith(
        "Positive in 'diagnosis', as in the training of the bundle: melanoma ("
    )
    turned = evaluate(tiny.bundle, labelled(tiny.rows, positive=["nevus", "keratosis"]), tmp_path / "out")
    assert "In the training melanoma, carcinoma was positive" in turned.notes[0]
    worse, better = sorted([evaluation, turned], key=lambda each: each.auc.value)
    assert worse.auc.value < 0.5 < better.auc.value
    assert [any("below 0.5" in note for note in each.notes) for each in (worse, better)] == [True, False]


def test_the_target_may_be_one_column_per_class(labelled, tiny, tmp_path):
    names = ["AKIEC", "BCC", "BKL", "DF", "MEL", "NV", "VASC"]
    word = {"melanoma": "MEL", "carcinoma": "BCC", "nevus": "NV", "keratosis": "BKL"}
    given = tiny.rows["diagnosis"].map(word).fillna("DF")
    truth = {name: (given == name).astype(int) for name in names}
    rows = tiny.rows.drop(columns="diagnosis").assign(**truth)
    evaluation = evaluate(tiny.bundle, labelled(rows, positive=["MEL", "BCC", "AKIEC"]), tmp_path / "out")
    by_words = evaluate(tiny.bundle, labelled(tiny.rows), tmp_path / "words")
    assert evaluation.auc == by_words.auc
    assert "BCC (" in evaluation.notes[0]
    assert "AKIEC (0)" in evaluation.notes[0]


def test_images_of_one_case_have_one_label(labelled, tiny, tmp_path):
    same = dict.fromkeys(["patient_id", "lesion_id", "source", "age", "sex", "site"], "1")
    diagnoses = ["nevus", "melanoma", "nevus", "nevus"]
    rows = tiny.rows.head(4).assign(case_id=["a", "a", "b", "c"], diagnosis=diagnoses, **same)
    of_cases = replace(labelled(rows, positive=["melanoma"]), roles={"case": "case_id"})
    with pytest.raises(TableError, match="got several in 1 cases, such as 'a'"):
        evaluate(tiny.bundle, of_cases, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_cases_of_one_group_have_a_figure_without_an_interval(labelled, tiny, tmp_path):
    same = dict.fromkeys(["patient_id", "lesion_id", "source"], "1")
    rows = tiny.rows.head(12).assign(**same)
    evaluation = evaluate(tiny.bundle, labelled(rows), tmp_path / "out")
    assert any("one group" in note for note in evaluation.notes)
    assert (tmp_path / "out" / "roc.png").is_file()


def test_labels_of_their_own_give_what_a_column_gives(labelled, tiny, tmp_path):
    given = labelled(tiny.rows.head(30))
    asked = evaluate(tiny.bundle, given, tmp_path / "one")
    rows = tiny.rows.head(30)
    rows[["image_id", "diagnosis"]].iloc[::-1].to_csv(tmp_path / "truth.csv", index=False)
    rows.drop(columns="diagnosis").to_csv(tmp_path / "labelled.csv", index=False)
    joined = evaluate(tiny.bundle, replace(given, target="", labels=tmp_path / "truth.csv"), tmp_path / "two")
    assert joined.auc == asked.auc
    assert any("truth.csv was joined to labelled.csv by column 'image_id'" in note for note in joined.notes)
    with pytest.raises(ConfigError, match="give --target COLUMN, or --labels TABLE"):
        labelled_rows(replace(given, target=""))


def test_a_target_without_any_value_is_refused(labelled, tiny):
    with pytest.raises(TableError, match="'diagnosis': expected a column of diagnoses, got an empty one"):
        labelled_rows(labelled(tiny.rows.assign(diagnosis="unknown")))
