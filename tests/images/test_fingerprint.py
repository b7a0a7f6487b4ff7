import numpy as np
import pytest

from automl_skin.images.fingerprint import FINGERPRINT_LENGTH, FINGERPRINT_SIDE, fingerprint


def _as_picture(values):
    return values.reshape(FINGERPRINT_SIDE, FINGERPRINT_SIDE, 3)


@pytest.mark.parametrize("shape", [(1, 1), (7, 900), (16, 16), (450, 600)])
def test_any_size_gives_values_in_the_unit_interval(shape):
    found = fingerprint(np.full((*shape, 3), 255, np.uint8))
    assert found.shape == (FINGERPRINT_LENGTH,)
    assert found.dtype == np.float32
    assert np.all(found == 1.0)


def test_cells_are_mean_colours_in_row_column_colour_order():
    pixels = np.zeros((160, 320, 3), np.uint8)
    pixels[:80, :160] = 200, 100, 50  # upper left quarter
    picture = _as_picture(fingerprint(pixels)) * 255
    assert np.allclose(picture[:8, :8], [200, 100, 50])
    assert np.allclose(picture[8:], 0)
    assert np.allclose(picture[:, 8:], 0)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("flipped", [False, True])
def test_turning_the_photograph_turns_the_fingerprint(paint, turns, flipped):
    pixels = paint(3)

    def change(picture):
        turned = np.rot90(picture, turns)
        return np.ascontiguousarray(turned[:, ::-1] if flipped else turned)

    assert np.allclose(
        _as_picture(fingerprint(change(pixels))), change(_as_picture(fingerprint(pixels))), atol=1.01 / 255
    )
