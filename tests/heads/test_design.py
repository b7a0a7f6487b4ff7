import numpy as np
import pytest

from automl_skin.errors import InputError
from automl_skin.heads.design import Design


def test_image_columns_come_first():
    design = Design(np.arange(12, dtype=np.float32).reshape(2, 6), image_columns=4)
    assert design.image.tolist() == [[0, 1, 2, 3], [6, 7, 8, 9]]
    assert design.metadata.tolist() == [[4, 5], [10, 11]]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_named(value):
    matrix = np.zeros((5, 3), np.float32)
    matrix[2, 1] = value
    with pytest.raises(InputError, match=r"got 1 that are NaN or infinite \(first: row 2, column 1\)"):
        Design(matrix, image_columns=0)


def test_float64_is_refused():
    with pytest.raises(InputError, match="expected float32, got float64"):
        Design(np.zeros((2, 2)), image_columns=0)


@pytest.mark.parametrize("shape", [(3,), (3, 0), (3, 2, 1)])
def test_shapes_without_columns_are_refused(shape):
    with pytest.raises(InputError, match="at least one column, got shape"):
        Design(np.zeros(shape, np.float32), image_columns=0)


def test_image_columns_must_exist():
    with pytest.raises(InputError, match=r"image_columns: expected 0 to 2, got 3"):
        Design(np.zeros((2, 2), np.float32), image_columns=3)
