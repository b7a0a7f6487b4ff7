import numpy as np
import pandas as pd
import pytest

from automl_skin.features.numbers import fit_number, fit_unit_number


def test_is_centred_on_the_median_with_unit_deviation():
    values = pd.Series(np.random.default_rng(0).normal(50, 10, 5000))
    number = fit_number(values, "age_years")
    encoded = number.encode(number.read(values))
    assert np.median(encoded) == pytest.approx(0.0, abs=1e-12)
    assert encoded.std() == pytest.approx(1.0)


def test_one_typing_error_does_not_stretch_the_scale():
    values = pd.Series([*np.random.default_rng(0).normal(50, 10, 999), 1e9])
    assert fit_number(values, "age_years").scale == pytest.approx(10, rel=0.1)


def test_integers_with_missing_values_and_text():
    number = fit_number(pd.Series([1, 2, 3]), "n")
    assert np.isnan(number.read(pd.Series([1, None], dtype="Int64"))).tolist() == [False, True]
    assert number.read(pd.Series(["2", "two"]))[0] == 2.0


def test_training_values_reach_from_0_to_1_and_others_no_further():
    number = fit_unit_number(pd.Series([40.0, 20.0, 60.0, None]), "age_years")
    assert number.encode(number.read(pd.Series([20.0, 50.0, 60.0, 5.0, 99.0]))).ravel().tolist() == [
        0.0,
        0.75,
        1.0,
        0.0,
        1.0,
    ]


@pytest.mark.parametrize(("imputation", "neutral"), [("neutral", 0.25), ("median", 0.25), ("mean", 0.5)])
def test_what_stands_for_a_missing_value(imputation, neutral):
    number = fit_unit_number(pd.Series([0.0, 1.0, 1.0, 2.0, 4.0, 4.0, 0.0]), "n", imputation)
    expected = 12 / 7 / 4 if imputation == "mean" else neutral
    assert number.neutral.tolist() == [pytest.approx(expected)]


@pytest.mark.parametrize("values", [[30.0, 30.0], [np.nan, np.nan]])
def test_without_variety_or_without_values(values):
    number = fit_unit_number(pd.Series(values), "age_years", "mean")
    assert number.encode(np.array([0.0, 30.0, 99.0])).tolist() == [[0.0], [0.0], [0.0]]
