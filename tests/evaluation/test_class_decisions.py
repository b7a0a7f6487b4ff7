"""Decisions by class, fitted, nested and measured on cases that had no part in them."""

from dataclasses import replace

import numpy as np
import pytest

from automl_skin.evaluation.class_decisions import (
    AT_HALF,
    BALANCED,
    COST,
    LARGEST,
    DecidedFigure,
    choose_decisions,
    fit_rule,
    measure_decisions,
)
from automl_skin.metrics.catalogue import METRICS
from automl_skin.metrics.f1 import macro_f1
from automl_skin.metrics.folds import decide_nested, split_by_fold
from automl_skin.metrics.intervals import Interval
from automl_skin.records import from_plain, to_plain

CLASSES = ("rare", "some", "many")


def draw(n=600, seed=0, signal=1.2):
    rng = np.random.default_rng(seed)
    labels = rng.choice(3, n, p=[0.02, 0.18, 0.8])
    logits = rng.normal(size=(n, 3)) + signal * np.eye(3)[labels] + np.log([0.02, 0.18, 0.8])
    odds = np.exp(logits)
    return labels, odds / odds.sum(axis=1, keepdims=True), np.arange(n) % 5, np.arange(n) // 2


@pytest.fixture(scope="module")
def chosen():
    return choose_decisions(*draw(), CLASSES, "macro_f1")


def by_name(figures):
    return {each.name: each for each in figures}


def test_the_figure_of_thresholds_is_the_nested_one(chosen):
    labels, probabilities, folds, _ = draw()
    figure = by_name(chosen.figures)[AT_HALF]
    nested = decide_nested(split_by_fold(labels, folds, METRICS["macro_f1"]), probabilities)
    assert figure.on.value == pytest.approx(macro_f1(labels, nested))
    assert figure.off.value == pytest.approx(macro_f1(labels, probabilities))
    assert figure.in_sample == pytest.approx(macro_f1(labels, chosen.rule.fold_back(probabilities)))
    assert figure.on.low < figure.on.value < figure.on.high
    assert set(by_name(chosen.figures)) == {AT_HALF, LARGEST, BALANCED}


def test_decisions_gain_on_new_cases_what_nested_ones_say(chosen):
    labels, probabilities, _, groups = draw(6000, seed=9)
    figures = by_name(
        measure_decisions(labels, probabilities, groups, chosen.rule, CLASSES, np.full(3, 1 / 3)).figures
    )
    assert figures[AT_HALF].on.value > figures[AT_HALF].off.value + 0.03
    nested = by_name(chosen.figures)[AT_HALF].on
    assert nested.low < figures[AT_HALF].on.value < nested.high


def test_lines_name_both_figures_and_classes_of_which_nothing_can_be_told(chosen):
    text = "\n".join(chosen.lines())
    for words in ("thresholds nested", "thresholds off", "which is too good"):
        assert words in text
    labels, probabilities, folds, groups = draw()
    few = np.where(np.cumsum(labels == 0) > 3, np.maximum(labels, 1), labels)
    assert "Too few groups to tell anything of single classes: rare (3)" in "\n".join(
        choose_decisions(few, probabilities, folds, groups, CLASSES, "auc").lines()
    )


def test_a_record_comes_back_as_it_was(chosen):
    assert from_plain(type(chosen), to_plain(chosen), "a file") == chosen


def test_weights_are_those_of_what_the_study_maximises():
    labels, probabilities, *_ = draw()
    of_f1, of_auc = (fit_rule(labels, probabilities, metric) for metric in ("macro_f1", "auc"))
    assert of_f1.weights == pytest.approx([1 / t for t in of_f1.thresholds])
    assert of_auc.weights == pytest.approx(len(labels) / np.bincount(labels))
    assert of_f1.thresholds == of_auc.thresholds


def test_costs_decide_where_they_are_given():
    labels, probabilities, folds, groups = draw()
    costs = ((0.0, 50.0, 50.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0))
    decisions = choose_decisions(labels, probabilities, folds, groups, CLASSES, "expected_cost", costs)
    figure = by_name(decisions.figures)[COST]
    assert figure.on.value < figure.off.value
    assert figure.in_sample is None
    np.testing.assert_array_equal(
        decisions.rule.decide(probabilities), (probabilities @ np.array(costs)).argmin(axis=1)
    )


def test_in_sample_is_called_too_good_only_where_it_is_and_harm_is_said():
    figure = DecidedFigure(LARGEST, Interval(0.6, 0.5, 0.7), Interval(0.56, 0.45, 0.65), 0.48)
    assert figure.describe().endswith(
        "so that they did not help here; in-sample 0.480 by what the same cases chose"
    )
    helped = DecidedFigure(LARGEST, Interval(0.5, 0.4, 0.6), Interval(0.56, 0.45, 0.65), 0.6)
    assert "did not help" not in helped.describe()
    assert helped.describe().endswith("in-sample 0.600, which is too good")
    assert replace(figure, name=COST).is_worse is False  # a cost is better where it is lower
