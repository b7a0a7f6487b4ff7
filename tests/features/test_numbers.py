import numpy as np
import pandas as pd
import pytest

from automl_skin.features.numbers import fit_number


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
