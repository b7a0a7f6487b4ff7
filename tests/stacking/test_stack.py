"""The stack is cross-fitted: what a fold is measured with was chosen and weighed without it."""

from dataclasses import replace

import numpy as np
import pytest

from automl_skin.chains.calibration import fit_calibrator
from automl_skin.records import from_plain, to_plain
from automl_skin.stacking.methods import METHODS
from automl_skin.stacking.stack import Stack, cross_fit, cross_fit_all, fit_stack, simplest_within_one_error


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n_classes", [2, 4])
def test_labels_of_a_fold_do_not_change_its_blend(method, n_classes, make_rows):
    rows = make_rows(n_classes=n_classes)
    blends, raw = cross_fit(method, rows)
    held = rows.folds == 2
    changed = replace(rows, labels=np.where(held, (rows.labels + 1) % n_classes, rows.labels))
    other_blends, other_raw = cross_fit(method, changed)
    assert other_blends[2] == blends[2]
    assert (other_raw[held] == raw[held]).all()
    assert any(other_blends[fold] != blends[fold] for fold in (0, 1, 3, 4))


@pytest.mark.parametrize("method", METHODS)
def test_probabilities_of_a_fold_do_not_change_its_blend(method, make_rows):
    rows = make_rows()
    probabilities = rows.probabilities.copy()
    held = rows.folds == 4
    probabilities[:, held] = probabilities[::-1][:, held]
    assert (
        cross_fit(method, replace(rows, probabilities=probabilities))[0][4] == cross_fit(method, rows)[0][4]
    )


def test_a_fold_is_calibrated_by_a_map_of_the_other_folds(make_rows):
    """That map's inputs are blends that were chosen with the fold's labels: the second-order path of all stacking."""
    rows = make_rows()
    stack, _, _ = fit_stack(rows)
    _, raw = cross_fit(stack.method, rows)
    for fold, calibrator in enumerate(stack.calibrators):
        others = rows.folds != fold
        assert fit_calibrator(raw[others], rows.labels[others]) == calibrator


def test_methods_together_are_methods_alone(make_rows):
    rows = make_rows()
    for name, (blends, raw) in cross_fit_all(tuple(METHODS), rows).items():
        alone = cross_fit(name, rows)
        assert alone[0] == blends
        assert (alone[1] == raw).all()


@pytest.mark.parametrize("n_classes", [2, 4])
def test_the_stack_is_its_parts(n_classes, make_rows):
    rows = make_rows(n_classes=n_classes)
    stack, probabilities, comparison = fit_stack(rows)
    assert set(comparison.utilities) == set(METHODS)
    assert comparison.chosen == stack.method == simplest_within_one_error(comparison.utilities)
    blends, raw = cross_fit(stack.method, rows)
    assert list(stack.blends) == blends
    assert comparison.utilities[stack.method] == rows.utilities(raw)
    for fold, calibrator in enumerate(stack.calibrators):
        held = rows.folds == fold
        assert (calibrator.apply(raw[held]) == probabilities[held]).all()
    assert sum(stack.member_weights.values()) == pytest.approx(1.0)
    assert tuple(stack.member_weights) == stack.members


def test_json_round_trip_and_digest(make_rows):
    stack = fit_stack(make_rows(n_classes=4))[0]
    back = from_plain(Stack, to_plain(stack), "a file")
    assert back == stack
    assert back.digest == stack.digest
    assert replace(stack, calibrators=stack.calibrators[::-1]).digest != stack.digest


@pytest.mark.parametrize(
    ("utilities", "chosen"),
    [
        ({"a": [0.8, 0.8, 0.8], "b": [0.8, 0.8, 0.8]}, "a"),
        ({"a": [0.80, 0.82, 0.81], "b": [0.79, 0.80, 0.80]}, "a"),
        # mean difference 0.01, standard error 0.02 / sqrt(3): within
        ({"a": [0.80, 0.80, 0.80], "b": [0.79, 0.81, 0.83]}, "a"),
        # the same mean difference with a standard error of 0.001 / sqrt(3): beyond
        ({"a": [0.80, 0.80, 0.80], "b": [0.809, 0.81, 0.811]}, "b"),
        # a is beyond, b within, c best: b is the simplest that will do
        ({"a": [0.70, 0.70, 0.70], "b": [0.80, 0.82, 0.80], "c": [0.81, 0.80, 0.82]}, "b"),
        # paired: both swing from fold to fold, c is better on each
        ({"a": [0.60, 0.75, 0.90], "b": [0.611, 0.762, 0.911]}, "b"),
        # losses are negative utilities
        ({"a": [-0.50, -0.52, -0.51], "b": [-0.40, -0.41, -0.42]}, "b"),
    ],
)
def test_the_simplest_within_one_standard_error_wins(utilities, chosen):
    assert simplest_within_one_error(utilities) == chosen


def test_noise_does_not_call_for_a_complicated_stack(make_rows):
    """Equal trials: the best trial alone, or the plain average, but no weights are learnt from noise."""
    rows = make_rows()
    same = replace(rows, probabilities=rows.probabilities[[3] * 12])
    assert fit_stack(same)[0].method == "best trial"


@pytest.mark.parametrize(("errors", "chosen"), [(0.9, "simple"), (1.1, "clever"), (2.0, "clever")])
def test_a_better_method_is_taken_from_one_standard_error_on(errors, chosen):
    spread = np.array([-1.0, 0.0, 1.0, -1.0, 1.0])
    error = spread.std(ddof=1) / np.sqrt(len(spread))
    gains = 0.001 * (spread + errors * error)
    assert simplest_within_one_error({"simple": np.full(5, 0.8), "clever": 0.8 + gains}) == chosen
