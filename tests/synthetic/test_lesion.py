from dataclasses import replace

import cv2
import numpy as np
import pytest

from automl_skin.seeding import generator
from automl_skin.synthetic.lesion import (
    SIDE,
    Lesion,
    Look,
    draw_lesion,
    rough_noise,
    smooth_noise,
    smooth_step,
)

PLAIN = Look(asymmetry=0.1, border=0.1, colours=0.1, structure=0.1, keratinocytic=False)


def drawn(look: Look, number: int) -> Lesion:
    return draw_lesion(look, generator(0, "test", number))


def edge_energy(lesion: Lesion) -> float:
    return float(np.abs(np.diff(lesion.cover, axis=0)).sum() / np.sqrt(lesion.cover.sum()))


def hues(lesion: Lesion) -> float:
    chroma = lesion.tint[..., 0] - lesion.tint[..., 2]
    return float(np.average(chroma**2, weights=lesion.cover))


def texture(lesion: Lesion) -> float:
    grey = lesion.tint.mean(axis=2)
    return float(np.average((grey - cv2.GaussianBlur(grey, (0, 0), 3.0)) ** 2, weights=lesion.cover))


def lopsidedness(lesion: Lesion) -> float:
    half_turn = lesion.cover[::-1, ::-1]
    return float(np.abs(lesion.cover - half_turn).sum() / lesion.cover.sum())


@pytest.mark.parametrize("keratinocytic", [False, True])
@pytest.mark.parametrize(
    ("factor", "measure"),
    [("asymmetry", lopsidedness), ("border", edge_energy), ("colours", hues), ("structure", texture)],
)
def test_each_factor_shows(factor, measure, keratinocytic) -> None:
    plain = replace(PLAIN, keratinocytic=keratinocytic)
    low = [measure(drawn(plain, number)) for number in range(8)]
    high = [measure(drawn(replace(plain, **{factor: 0.9}), number)) for number in range(8)]
    assert np.mean(high) > 1.15 * np.mean(low)


def test_tint_has_no_mean_colour() -> None:
    lesion = drawn(Look(0.9, 0.9, 0.9, 0.9, keratinocytic=True), 0)
    mean = np.average(lesion.tint.reshape(-1, 3), axis=0, weights=lesion.cover.ravel())
    np.testing.assert_allclose(mean, 0.0, atol=1e-3)


def test_cover_is_a_share_and_keeps_its_area() -> None:
    lesions = [drawn(replace(PLAIN, border=border), 1) for border in (0.0, 0.5, 1.0)]
    areas = [lesion.cover.mean() for lesion in lesions]
    assert all(lesion.cover.shape == (SIDE, SIDE) for lesion in lesions)
    assert all(lesion.cover.min() >= 0.0 and lesion.cover.max() <= 1.0 for lesion in lesions)
    assert max(areas) < 1.15 * min(areas)


def test_same_generator_same_lesion() -> None:
    np.testing.assert_array_equal(drawn(PLAIN, 4).tint, drawn(PLAIN, 4).tint)
    assert not np.array_equal(drawn(PLAIN, 4).cover, drawn(PLAIN, 5).cover)


def test_noise_is_standardised() -> None:
    smooth = smooth_noise(generator(0, "noise"), 96, 9)
    assert (abs(float(smooth.mean())) < 1e-4, float(smooth.std())) == (True, pytest.approx(1.0, abs=1e-3))
    assert float(rough_noise(generator(0, "noise"), 96, 6).std()) == pytest.approx(1.0, abs=0.15)


def test_smooth_step_is_flat_outside() -> None:
    values = smooth_step(np.array([-1.0, 0.0, 0.5, 1.0, 2.0], dtype=np.float32), 0.0, 1.0)
    np.testing.assert_allclose(values, [0.0, 0.0, 0.5, 1.0, 1.0])
