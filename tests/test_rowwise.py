"""Products and probabilities of one row do not depend on its company."""

import numpy as np
import pytest

from automl_skin.rowwise import normalise_rows, rowwise_product, rowwise_softmax

SHAPES = [(130, 3840, 7), (1500, 257, 33), (65, 1, 1), (40, 1280, 256)]


def _factors(shape, dtype=np.float32):
    n_rows, n_inner, n_outer = shape
    rng = np.random.default_rng(0)
    return rng.normal(size=(n_rows, n_inner)).astype(dtype), rng.normal(size=(n_inner, n_outer)).astype(dtype)


@pytest.mark.parametrize("shape", SHAPES)
def test_product_of_a_row_is_the_same_alone_in_a_batch_and_in_another_order(shape):
    rows, matrix = _factors(shape)
    together = rowwise_product(rows, matrix)
    order = np.random.default_rng(1).permutation(len(rows))
    assert (rowwise_product(rows[order], matrix) == together[order]).all()
    for start, stop in ((0, 1), (3, 4), (5, 12), (17, 40), (len(rows) - 1, len(rows))):
        assert (rowwise_product(rows[start:stop], matrix) == together[start:stop]).all()


def test_product_of_a_row_is_the_same_with_its_columns_in_another_order():
    rows, matrix = _factors((50, 999, 3))
    order = np.random.default_rng(1).permutation(999)
    assert (rowwise_product(rows[:, order], matrix[order]) == rowwise_product(rows, matrix)).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_product_is_as_exact_as_float32(shape):
    rows, matrix = _factors(shape, np.float64)
    scale = np.abs(rows).max() * np.abs(matrix).max() * np.sqrt(shape[1])
    assert np.abs(rowwise_product(rows, matrix) - rows @ matrix).max() < 2.0**-20 * scale


def test_product_takes_rows_and_columns_of_very_different_size():
    rows, matrix = _factors((20, 64, 4), np.float64)
    scale = 10.0 ** np.arange(-10, 10)[:, None]
    product = rowwise_product(rows * scale, matrix * [1e-9, 1.0, 0.0, 1e9])
    expected = (rows * scale) @ (matrix * [1e-9, 1.0, 0.0, 1e9])
    assert np.allclose(product, expected, rtol=1e-4, atol=0.0)


def test_product_of_nothing():
    assert rowwise_product(np.empty((0, 3)), np.ones((3, 2))).shape == (0, 2)
    assert (rowwise_product(np.empty((2, 0)), np.empty((0, 3))) == 0.0).all()


def test_softmax_of_a_row_is_the_same_alone():
    scores = np.random.default_rng(0).normal(size=(37, 7)) * 10
    together = rowwise_softmax(scores)
    assert all((rowwise_softmax(scores[i : i + 1]) == together[i]).all() for i in range(37))
    assert np.abs(together.sum(axis=1) - 1.0).max() < 1e-12


def test_rows_are_divided_by_their_sum():
    assert (normalise_rows(np.array([[1.0, 3.0], [2.0, 2.0]])) == [[0.25, 0.75], [0.5, 0.5]]).all()
