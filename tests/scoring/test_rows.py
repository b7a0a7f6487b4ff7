from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_skin.data.locate import index_images
from automl_skin.errors import TableError
from automl_skin.export.predictor import Predictor
from automl_skin.scoring.decide import ScoringOptions
from automl_skin.scoring.rows import model_fields, score_rows, understand_columns


@pytest.fixture(scope="module")
def predictor(tiny):
    return Predictor.load(tiny.bundle)


@pytest.fixture(scope="module")
def index(tiny):
    return index_images(tiny.images)


@pytest.fixture
def rows(tiny):
    return tiny.rows.head(6)


def scored(predictor, rows, index, given=None):
    reading = understand_columns(rows, index, predictor.facts, given or {})
    reading.check(rows)
    scores, prediction = score_rows(predictor, rows, reading, ScoringOptions())
    return scores, prediction.problems


def test_rows_come_back_in_order_with_their_ids(predictor, rows, index):
    scores, problems = scored(predictor, rows, index)
    assert list(scores["image_id"]) == list(rows["image_id"])
    assert {"image_id", "lesion_id", "patient_id"} <= set(scores.columns)
    assert list(scores.columns[-3:]) == ["probability", "decision", "flags"]
    assert problems == {}


def test_two_rows_of_one_image_are_two_rows(predictor, rows, index):
    twice = pd.concat([rows.head(2), rows.head(1).assign(age="85")], ignore_index=True)
    scores, _ = scored(predictor, twice, index)
    assert list(scores["image_id"]) == list(twice["image_id"])
    assert scores["probability"].notna().all()
    assert scores["probability"][0] != scores["probability"][2]


def test_rows_of_a_case_share_their_score(predictor, rows, index):
    cases = rows.assign(case_id=["a", "b", "a", "c", "b", "c"])
    scores, _ = scored(predictor, cases, index, {"case": "case_id"})
    assert list(scores["case_id"]) == list(cases["case_id"])
    assert scores.groupby("case_id")["probability"].nunique().eq(1).all()


def test_a_field_of_a_photograph_is_read_from_the_rows_of_its_kind(predictor, rows, index):
    kinds = {"age": "number", "hair@close-up": "number", "hair@dermoscopic": "number"}
    facts = replace(predictor.facts, kinds=kinds)
    pairs = rows.head(4).assign(hair=["0.1", "0.2", "0.3", "0.4"], kind=["close-up", "dermoscopic"] * 2)
    reading = understand_columns(pairs, index, facts, {"image_role": "kind"})
    fields = model_fields(pairs, reading, facts)
    assert list(fields) == list(kinds)
    assert fields["hair@close-up"].fillna("-").tolist() == ["0.1", "-", "0.3", "-"]
    assert fields["hair@dermoscopic"].fillna("-").tolist() == ["-", "0.2", "-", "0.4"]
    wide = pairs.drop(columns="hair").assign(**{"hair@dermoscopic": "0.9"})
    fields = model_fields(wide, understand_columns(wide, index, facts, {"image_role": "kind"}), facts)
    assert fields["hair@dermoscopic"].tolist() == ["0.9"] * 4
    assert "hair@close-up" not in fields


def test_a_case_takes_the_first_value_that_is_not_missing(predictor, rows, index):
    cases = rows.head(2).assign(case_id="a", age=[None, "50"])
    given, _ = scored(predictor, cases, index, {"case": "case_id"})
    known, _ = scored(predictor, cases.assign(age="50"), index, {"case": "case_id"})
    assert given["probability"].tolist() == known["probability"].tolist()
    assert not given["flags"].str.contains("missing_age").any()


def test_numeric_ids_come_back_as_they_were_given(predictor, rows, index, tiny):
    given = rows.assign(patient_id=[7.0, 8.0, 7.0, 8.0, 9.0, np.nan])
    scores, _ = scored(predictor, given, index)
    assert scores["patient_id"].fillna("").tolist() == ["7", "8", "7", "8", "9", ""]


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("../secret", "lead out of it in row 3"),
        ("/etc/passwd", "lead out of it in row 3"),
        ("", "got none in row 3"),
    ],
)
def test_ids_that_are_none_are_refused_by_row(predictor, rows, index, name, match):
    changed = rows.assign(image_id=[*rows["image_id"][:2], name, *rows["image_id"][3:]])
    with pytest.raises(TableError, match=match):
        scored(predictor, changed, index)


def test_columns_of_the_training_table_come_first_and_given_ones_before_them(predictor, rows, index):
    both = rows.assign(file=rows["image_id"].iloc[::-1].to_numpy())
    as_trained, _ = scored(predictor, both, index)
    given, _ = scored(predictor, both, index, {"image": "file"})
    assert list(as_trained["probability"]) == list(scored(predictor, rows, index)[0]["probability"])
    assert list(given["file"]) == list(both["file"])
    assert list(given["probability"]) != list(as_trained["probability"])


def test_problem_names_row_and_image(predictor, rows, index):
    changed = rows.assign(image_id=["nowhere", *rows["image_id"][1:]])
    scores, problems = scored(predictor, changed, index)
    assert np.isnan(scores["probability"][0])
    assert scores["decision"][0] == ""
    assert scores["flags"][0].startswith("image_unreadable")
    (name,) = problems
    assert name == "row 1, nowhere"
