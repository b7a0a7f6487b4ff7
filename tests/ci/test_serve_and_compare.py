import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location(
        "serve_and_compare", Path(__file__).with_name("serve_and_compare.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def scores():
    return pd.DataFrame(
        {"probability": ["0.25", "0.75"], "decision": ["benign", "malignant"], "flags": ["", "no_metadata"]}
    )


@pytest.fixture
def answers():
    return pd.DataFrame(
        {"probability": [0.2504, 0.75], "decision": ["benign", "malignant"], "flags": ["", "no_metadata"]}
    )


def test_the_same_numbers_agree(script, scores, answers):
    largest, wrong = script.differences(scores, answers)
    assert largest == pytest.approx(0.0004)
    assert wrong == []


@pytest.mark.parametrize(
    ("column", "value"),
    [("probability", 0.2512), ("probability", None), ("decision", "malignant"), ("flags", "no_metadata")],
)
def test_what_differs_is_named(script, scores, answers, column, value):
    answers.loc[0, column] = value
    _, wrong = script.differences(scores, answers)
    assert len(wrong) == 1
    assert column.removesuffix("y") in wrong[0]


def test_rows_without_an_answer_and_answers_without_probability_are_no_agreement(script, scores, answers):
    assert script.differences(scores, answers[:1])[1]
    assert script.differences(scores, answers.drop(columns="probability"))[1]


def test_rows_are_spread_over_the_table(script):
    assert script.spread(1000, 20)[::19] == [0, 999]
    assert len(script.spread(1000, 20)) == 20
    assert script.spread(3, 20) == [0, 1, 2]


def test_what_is_no_number_is_sent_as_null(script, tmp_path):
    image = tmp_path / "a.png"
    image.write_bytes(b"pixels")
    facts = SimpleNamespace(
        kinds={"age": "number", "weight": "number", "sex": "category", "site": "category"}
    )
    row = pd.Series({"age": "41", "weight": "unknown", "sex": "", "site": "back"})
    record = script.as_record(row, image, facts)
    assert record == {"image": "cGl4ZWxz", "age": 41.0, "weight": None, "sex": None, "site": "back"}
