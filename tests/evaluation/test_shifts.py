import json
from dataclasses import replace

import numpy as np
import pytest

from automl_skin.evaluation import shifts
from automl_skin.evaluation.shifts import ShiftedModel, ShiftFigures, shifted_model
from automl_skin.metrics.intervals import Interval
from automl_skin.metrics.ranking import macro_auc
from automl_skin.records import from_plain, to_plain

SHIFTS = ("colour_cast", "blur")


@pytest.fixture
def measured():
    """60 groups of two cases; under the first shift the scores get noise, under the second nothing changes."""
    rng = np.random.default_rng(0)
    labels = np.repeat(rng.integers(2, size=60), 2)
    scores = labels + rng.normal(size=120)
    noisy = scores + rng.normal(scale=3, size=120)
    both = [1 / (1 + np.exp(-each)) for each in (scores, noisy, scores)]
    home, *shifted = (np.column_stack([1 - each, each]) for each in both)
    return labels, home, np.stack(shifted), np.repeat(np.arange(60), 2)


def figures():
    stack = ShiftedModel(0.91, {"colour_cast": 0.79, "blur": 0.89})
    best = ShiftedModel(0.9, {"colour_cast": 0.6, "blur": 0.8})
    steady = ShiftedModel(0.8, {"colour_cast": 0.8, "blur": 0.8})
    models = {"stack": stack, "best trial": best, "metadata alone": steady}
    return ShiftFigures(1000, 8015, SHIFTS, models, {3: best, 0: steady})


def test_a_change_is_of_the_same_cases(measured):
    labels, home, shifted, groups = measured
    model = shifted_model(labels, home, shifted, SHIFTS, groups)
    assert model.auc_sample == macro_auc(labels, home) == model.by_shift["blur"]
    assert model.by_shift["colour_cast"] == macro_auc(labels, shifted[0])
    assert model.worst == "colour_cast"
    assert model.auc_shifted == pytest.approx((model.auc_sample + model.auc_shifted_worst) / 2)
    assert model.change.value == pytest.approx(model.auc_shifted - model.auc_sample)
    assert model.change.low < model.change.value < model.change.high
    cast, blur = (model.changes[name] for name in SHIFTS)
    assert cast.value == pytest.approx(2 * model.change.value)
    assert (cast.low, cast.high) == pytest.approx((2 * model.change.low, 2 * model.change.high))
    assert (blur.value, blur.low, blur.high) == (0, 0, 0)


def test_a_change_of_nothing_has_no_width(measured):
    labels, home, _, groups = measured
    model = shifted_model(labels, home, np.stack([home, home]), SHIFTS, groups)
    assert (model.change.value, model.change.low, model.change.high) == (0, 0, 0)


def test_groups_are_drawn_whole(measured, monkeypatch):
    labels, home, shifted, groups = measured
    monkeypatch.setattr(shifts, "N_RESAMPLES", 400)
    whole = shifted_model(labels, home, shifted, SHIFTS, groups).change
    doubled = [np.repeat(each, 8, axis=-2) for each in (home, shifted)]
    many = shifted_model(np.repeat(labels, 8), *doubled, SHIFTS, np.repeat(groups, 8)).change
    assert many.high - many.low == pytest.approx(whole.high - whole.low, rel=0.01)


def test_the_words_say_how_much_it_changes():
    first, second, third = figures().sentences()
    assert first == (
        "The AUC of the stack changes by -0.070 on average; at worst by -0.120, under colour cast."
    )
    assert second == "The AUC of the metadata alone changes under no shift."  # the least falling one
    assert "best trial" in third
    assert "1,000 of 8,015 development cases" in figures().basis
    assert "all 8,015" in ShiftFigures(8015, 8015, SHIFTS, figures().models).basis


def test_no_level_is_told_that_models_were_chosen_by():
    told = [*figures().lines(), *map(str, figures().metrics.values())]
    assert not [level for level in ("0.91", "0.84", "0.79", "0.80") if level in " ".join(told)]
    assert "changes alone are given" in figures().basis


def test_a_change_stands_with_its_interval():
    change, cast = Interval(-0.07, -0.09, -0.05), Interval(-0.12, -0.2, -0.1)
    model = ShiftedModel(0.91, {"cast": 0.79, "blur": 0.89}, change, {"cast": cast})
    assert model.in_words("stack") == (
        "The AUC of the stack changes by -0.070 (-0.090 to -0.050) on average; at worst by -0.120 (-0.200 to -0.100), "
        "under cast."
    )
    assert model.describe_change("blur") == "-0.020"


def test_runs_have_the_stacks_change_and_the_means_of_the_others():
    measured = figures()
    assert measured.metrics == pytest.approx(
        {
            "auc_change_shifted": -0.07,
            "auc_change_shifted_worst": -0.12,
            "auc_change_shifted_best_trial": -0.2,
            "auc_change_shifted_metadata_alone": 0.0,
        }
    )
    stack = replace(measured.models["stack"], change=Interval(-0.07, -0.09, -0.05))
    told = replace(measured, models={"stack": stack}).metrics
    assert (told["auc_change_shifted_low"], told["auc_change_shifted_high"]) == (-0.09, -0.05)


def test_json_round_trip():
    value = json.loads(json.dumps(to_plain(figures())))
    read = from_plain(ShiftFigures, value, "a file")
    assert to_plain(read) == value
    assert read.models["stack"].worst == "colour_cast"
    assert read.trials[3].auc_shifted == pytest.approx(0.7)


@pytest.mark.parametrize(("n_positive", "enough"), [(9, False), (10, True)])
def test_below_ten_groups_of_a_class_a_change_is_too_few_to_tell(n_positive, enough):
    groups = np.repeat(np.arange(60), 2)
    labels = (groups < n_positive).astype(int)
    home, *shifted = np.random.default_rng(0).dirichlet(np.ones(2), (3, 120))
    model = shifted_model(labels, home, np.stack(shifted), SHIFTS, groups)
    said = model.in_words("stack"), model.describe_change("blur"), model.describe_mean_change()
    assert [("too few to tell" in text) is enough for text in said] == [False] * 3
