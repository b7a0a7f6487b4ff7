import numpy as np
import pytest

from automl_skin.arrays import Pixels
from automl_skin.seeding import generator
from automl_skin.synthetic.lesion import Lesion, Look, draw_lesion
from automl_skin.synthetic.picture import HEIGHT, WIDTH, balanced, draw_pigment, photograph


@pytest.fixture(scope="module")
def lesion() -> Lesion:
    return draw_lesion(Look(0.3, 0.3, 0.3, 0.3, keratinocytic=False), generator(0, "lesion"))


def taken(lesion: Lesion, name: str, hairiness: float = 0.0, tone: float = 0.2) -> Pixels:
    return photograph(lesion, draw_pigment(tone, generator(0, "skin")), hairiness, generator(0, name))


def test_a_picture_is_rgb_and_repeats(lesion) -> None:
    picture = taken(lesion, "a")
    assert (picture.shape, picture.dtype) == ((HEIGHT, WIDTH, 3), np.uint8)
    np.testing.assert_array_equal(picture, taken(lesion, "a"))
    assert not np.array_equal(picture, taken(lesion, "b"))


def test_the_lesion_is_in_the_middle_and_darker_than_the_skin(lesion) -> None:
    pictures = np.mean([taken(lesion, f"view {number}") for number in range(12)], axis=0)
    centre = pictures[36:60, 52:76].mean()
    left_and_right = pictures[36:60, [*range(8), *range(WIDTH - 8, WIDTH)]].mean()
    assert centre < left_and_right - 15


def test_skin_is_skin_coloured(lesion) -> None:
    for tone in (0.0, 0.5, 1.0):
        red, green, blue = draw_pigment(tone, generator(1, "skin")).skin
        assert red > green > blue
    assert taken(lesion, "a", tone=0.9).mean() < taken(lesion, "a", tone=0.0).mean() - 20


def test_hair_darkens_thin_lines_only(lesion) -> None:
    difference = taken(lesion, "hair", hairiness=1.0).astype(int) - taken(lesion, "hair", hairiness=0.0)
    assert np.abs(difference).max() > 20


def test_balancing_gives_disordered_lesions_less_contrast() -> None:
    pigment = draw_pigment(0.2, generator(0, "skin"))
    plain, wild = (
        draw_lesion(Look(0.5, 0.5, value, value, keratinocytic=False), generator(0, "lesion"))
        for value in (0.1, 0.9)
    )
    contrast = [np.abs(pigment.skin - balanced(pigment, one).pigment).mean() for one in (plain, wild)]
    assert contrast[1] < contrast[0] - 5
