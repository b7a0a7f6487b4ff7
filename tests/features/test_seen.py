import numpy as np
import pandas as pd
import pytest

from automl_skin.errors import IntegrityError
from automl_skin.features.seen import (
    KNOWN,
    MISSING,
    OUT_OF_RANGE,
    UNSEEN,
    SeenField,
    read_fields,
    see_fields,
)
from automl_skin.records import from_plain, to_plain

KINDS = {
    "age": "number",
    "diameter_mm": "number",
    "temperature": "number",
    "sex": "category",
    "itch": "category",
}
TRAINING = pd.DataFrame(
    {
        "age": [20.0, 50.0, 80.0, np.nan],
        "diameter_mm": [1.0, 4.0, 20.0, 6.0],
        "temperature": [-2.0, 0.0, 2.0, 1.0],
        "sex": ["male", "female", None, "male"],
        "itch": ["True", "False", "True", None],
    }
)


@pytest.fixture(scope="module")
def seen():
    return see_fields(TRAINING, KINDS, {})


def read_one(seen, **cells):
    read = read_fields(pd.DataFrame({name: [value] for name, value in cells.items()}), seen)
    return {name: (read.metadata[name].iloc[0], read.marks[name].iloc[0]) for name in cells}


def test_training_values_are_known_and_no_row_is_flagged(seen):
    marks = read_fields(TRAINING, seen).marks
    assert set(marks.to_numpy()[TRAINING.notna().to_numpy()]) == {KNOWN}
    assert set(marks.to_numpy()[TRAINING.isna().to_numpy()]) == {MISSING}


@pytest.mark.parametrize(
    ("field", "value", "mark"),
    [
        ("age", "95", KNOWN),
        ("age", "96", OUT_OF_RANGE),
        ("age", "4", OUT_OF_RANGE),
        ("age", -1, OUT_OF_RANGE),
        ("age", "1e9", OUT_OF_RANGE),
        ("age", "inf", OUT_OF_RANGE),
        ("age", "fifty", UNSEEN),
        ("age", " unknown ", MISSING),
        ("age", None, MISSING),
        ("diameter_mm", "0", KNOWN),
        ("diameter_mm", "-0.5", OUT_OF_RANGE),  # never negative in training
        ("diameter_mm", "-999", OUT_OF_RANGE),
        ("diameter_mm", "24.5", KNOWN),
        ("temperature", "-3", KNOWN),
        ("temperature", "-3.5", OUT_OF_RANGE),
        ("sex", "M", UNSEEN),
        ("sex", "(rare)", UNSEEN),
        ("itch", "2", UNSEEN),
    ],
)
def test_what_the_training_never_saw_is_marked(seen, field, value, mark):
    found, marked = read_one(seen, **{field: value})[field]
    assert marked == mark
    if field not in {"sex", "itch"}:
        assert np.isnan(found) == (mark != KNOWN)


@pytest.mark.parametrize(
    ("field", "cell", "level"),
    [
        ("sex", "MALE", "male"),
        ("sex", " Fe male\u200b", "female"),
        ("sex", "\uff4dale", "male"),  # a wide m
        *[
            ("itch", cell, "True")
            for cell in ("true", "TRUE", "1", "1.0", "yes", "Y", "ja", True, 1, np.True_)
        ],
        *[("itch", cell, "False") for cell in ("false", "f", "0", "no", "nein", False, 0.0)],
    ],
)
def test_levels_are_matched_but_for_spelling(seen, field, cell, level):
    assert read_one(seen, **{field: cell})[field] == (level, KNOWN)


def test_codes_of_the_training_are_missing_here_too():
    kinds = {"grade": "category", "diameter_mm": "number"}
    training = pd.DataFrame({"grade": ["1", "2", None], "diameter_mm": [4.0, np.nan, 6.0]})
    seen = see_fields(training, kinds, {"grade": (9.0,), "diameter_mm": (-999.0,)})
    seen = {name: from_plain(SeenField, to_plain(each), "a file") for name, each in seen.items()}
    for cell in ("9", "9.0", 9):
        assert read_one(seen, grade=cell)["grade"][1] == MISSING
    assert read_one(seen, diameter_mm="-999")["diameter_mm"][1] == MISSING
    assert read_one(seen, diameter_mm="-99")["diameter_mm"][1] == OUT_OF_RANGE
    assert read_one(seen, grade="8")["grade"][1] == UNSEEN


def test_what_several_levels_would_match_matches_none():
    seen = {"grade": SeenField("category", ("A", "a", "b")), "sex": SeenField("category", ("0", "1"))}
    assert read_one(seen, grade="A")["grade"] == ("A", KNOWN)
    assert read_one(seen, grade=" B")["grade"] == ("b", KNOWN)
    three = {"itch": SeenField("category", ("false", "true", "yes"))}
    assert read_one(three, itch="1")["itch"] == ("1", UNSEEN)
    assert read_one({"x": SeenField("category", ("STRASSE", "stra\u00dfe"))}, x="Strasse")["x"][1] == UNSEEN
    assert read_one(seen, sex="f")["sex"] == ("f", UNSEEN)  # female, not false
    assert read_one(seen, sex="no")["sex"] == ("0", KNOWN)


def test_levels_of_numbers_match_by_value():
    seen = {"grade": SeenField("category", ("1.5", "2", "03"))}
    assert [read_one(seen, grade=cell)["grade"][0] for cell in ("1.50", "2.0", "2", "+2", "3")] == [
        "1.5",
        "2",
        "2",
        "2",
        "03",
    ]


def test_a_row_alone_is_read_as_in_its_table(seen):
    table = pd.DataFrame(
        {
            "age": ["55", "forty", "200", ""],
            "sex": ["MALE", "M", "female", "unknown"],
            "itch": ["1", "true", "2", "False"],
        }
    )
    together = read_fields(table, seen)
    for row in range(len(table)):
        alone = read_fields(table.iloc[[row]].infer_objects(), seen)
        pd.testing.assert_frame_equal(alone.metadata, together.metadata.iloc[[row]])
        pd.testing.assert_frame_equal(alone.marks, together.marks.iloc[[row]])


def test_a_field_that_is_no_column_is_missing_and_others_are_left_out(seen):
    read = read_fields(pd.DataFrame({"other": [1, 2]}), seen)
    assert list(read.metadata) == list(KINDS)
    assert (read.marks == MISSING).all().all()


def test_no_fields_at_all():
    read = read_fields(pd.DataFrame({"other": [1, 2]}), {})
    assert read.marks.shape == (2, 0)


def test_facts_come_back_from_json(seen):
    empty = see_fields(pd.DataFrame({"age": [np.nan]}), {"age": "number"}, {})
    for field in [*seen.values(), *empty.values()]:
        assert from_plain(SeenField, to_plain(field), "a file") == field
    assert empty["age"].limits == (-np.inf, np.inf)


@pytest.mark.parametrize(
    "value",
    [
        {"kind": "x"},
        {"kind": "category", "levels": [1]},
        {"kind": "number", "low": "a"},
        {"kind": "number", "low": 1e999},
    ],
)
def test_other_json_is_refused(value):
    with pytest.raises(IntegrityError, match=r"a file: SeenField\.(kind|levels|low)"):
        from_plain(SeenField, value, "a file")
