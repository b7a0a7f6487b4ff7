import numpy as np
import pandas as pd
import pytest

from automl_skin.features.unit_numbers import fit_unit_number


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
