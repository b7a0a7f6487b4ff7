import numpy as np
import pytest
from scipy import stats

from automl_skin.errors import InputError
from automl_skin.explain.heat_index import compare_indices, heat_index


def test_share_of_the_heat_inside():
    heat = np.zeros((2, 4, 4), np.float32)
    heat[0, 1, 1], heat[0, 3, 3] = 3.0, 1.0
    mask = np.zeros((2, 4, 4), np.bool_)
    mask[:, :2, :2] = True
    index = heat_index(heat, mask)
    assert index[0] == pytest.approx(0.75)
    assert np.isnan(index[1])


def test_even_heat_has_the_share_of_the_lesion():
    masks = np.random.default_rng(0).random((5, 12, 16)) < 0.3
    index = heat_index(np.full((5, 3, 4), 0.7, np.float32), masks)
    assert index == pytest.approx(masks.mean(axis=(1, 2)))


def test_only_shares_count():
    rng = np.random.default_rng(0)
    heat, masks = rng.random((5, 3, 4)).astype(np.float32), rng.random((5, 12, 16)) < 0.3
    assert heat_index(heat * 8, masks) == pytest.approx(heat_index(heat, masks))


def test_heat_is_laid_over_the_place_it_came_from():
    heat = np.zeros((1, 2, 3), np.float32)
    heat[0, 0, 2] = 1.0
    corner = np.zeros((1, 40, 60), np.bool_)
    corner[:, :30, 30:] = True
    assert heat_index(heat, corner)[0] > 0.95
    assert heat_index(heat, corner[:, ::-1, ::-1])[0] < 0.1


def test_tests_are_paired():
    rng = np.random.default_rng(1)
    first = rng.random(30)
    second = first + 0.05 + rng.normal(0, 0.05, 30)
    first[0], second[1] = np.nan, np.nan
    test = compare_indices(first, second)
    gained = (second - first)[2:]
    assert (test.n_cases, test.n_without) == (28, 2)
    assert test.difference == pytest.approx(gained.mean())
    assert test.t_test == pytest.approx(stats.ttest_1samp(gained, 0).pvalue)
    assert test.wilcoxon == pytest.approx(stats.wilcoxon(gained).pvalue)
    assert test.low < test.difference < test.high
    back = compare_indices(second, first)
    assert back.difference == pytest.approx(-test.difference)
    assert back.t_test == pytest.approx(test.t_test)


def test_equal_settings_have_no_p_value():
    values = np.array([0.1, 0.2, 0.4, 0.3])
    test = compare_indices(values, values)
    assert test.difference == 0
    assert np.isnan(test.t_test)


def test_too_few_are_refused():
    with pytest.raises(InputError, match="at least 3 cases with an index in both settings, got 2"):
        compare_indices(np.array([0.1, 0.2, np.nan]), np.array([0.1, 0.3, 0.3]))
    with pytest.raises(InputError, match="one mask per case, got 2 for 1"):
        heat_index(np.ones((1, 2, 2), np.float32), np.ones((2, 4, 4), np.bool_))
