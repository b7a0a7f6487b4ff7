import numpy as np
import pytest

from automl_skin.evaluation.decision_curve import THRESHOLDS, decision_curve
from automl_skin.records import from_plain, to_plain

LABELS = np.array([1] * 3 + [0] * 7)


def both(scores):
    return np.column_stack([1 - scores, scores])


def test_says_where_the_model_is_worth_more_than_all_and_none():
    curve = decision_curve(LABELS, {"stack": both(LABELS * 0.8), "image alone": both(np.full(10, 0.5))})
    assert curve.sentence().endswith("at threshold probabilities of 1% to 60%.")
    useless = decision_curve(LABELS, {"stack": both(np.full(10, 0.99))})
    assert "At no threshold" in useless.sentence()
    late = decision_curve(LABELS, {"stack": both(np.where(LABELS == 1, 0.3, 0.2))})
    assert late.sentence().endswith("of 21% to 30%.")


def test_rows_have_everything_side_by_side():
    curve = decision_curve(LABELS, {"stack": both(LABELS * 0.8)})
    (threshold, first), *_ = curve.rows()
    assert threshold == 0.02
    assert first == pytest.approx({"stack": 0.3, "treat all": 0.3 - 0.7 * 0.02 / 0.98, "treat none": 0})


def test_several_classes_have_none_and_a_file_gives_it_back(many, two):
    assert decision_curve(many[0], {"stack": many[1]}) is None
    curve = decision_curve(two[0], {"stack": two[1]})
    assert len(curve.models["stack"]) == len(THRESHOLDS) == len(curve.treat_all)
    assert from_plain(type(curve), to_plain(curve), "a file") == curve
