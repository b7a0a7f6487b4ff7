"""Pictures that look like skin with a lesion, each with a structure of its own."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

Paint = Callable[[int], np.ndarray]


def _texture(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Noise of mean 0 and deviation 1 with structure at several scales."""
    layers = [
        cv2.resize(
            rng.normal(size=(height // step, width // step)), (width, height), interpolation=cv2.INTER_CUBIC
        )
        for step in (3, 6, 12, 30)
    ]
    total = np.sum(layers, axis=0)
    return (total - total.mean()) / total.std()


def _paint(seed: int, height: int = 150, width: int = 200) -> np.ndarray:
    """A brown lesion with pigment network on pink skin, (height, width, 3) uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    across = (x - width * rng.uniform(0.42, 0.58)) / (width * rng.uniform(0.15, 0.3))
    down = (y - height * rng.uniform(0.42, 0.58)) / (height * rng.uniform(0.2, 0.35))
    inside = (
        1 / (1 + np.exp(6 * (np.hypot(across, down) + 0.15 * _texture(rng, height, width) - 1)))[:, :, None]
    )
    skin = np.array([215, 165, 150]) + rng.normal(scale=6, size=3)
    lesion = np.array([120, 75, 55]) + rng.normal(scale=6, size=3)
    colours = skin + inside * (lesion - skin) + (4 + 8 * inside) * _texture(rng, height, width)[:, :, None]
    return np.clip(colours, 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def paint() -> Paint:
    """A function of a seed that paints an RGB picture of 150 x 200 pixels."""
    return _paint
