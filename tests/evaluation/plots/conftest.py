import io

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def two():
    rng = np.random.default_rng(0)
    labels = (rng.random(300) < 0.25).astype(int)
    p = 1 / (1 + np.exp(-(2 * labels + rng.normal(-1.5, 1, 300))))
    return labels, np.column_stack([1 - p, p])


@pytest.fixture(scope="session")
def many():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 7, 300)
    z = np.exp(rng.normal(0, 1, (300, 7)) + 2 * np.eye(7)[labels])
    return labels, z / z.sum(axis=1, keepdims=True)


@pytest.fixture(scope="session")
def opened():
    """Return a function that reads a PNG and refuses an empty one."""

    def read(content):
        image = Image.open(io.BytesIO(content))
        assert image.format == "PNG"
        pixels = np.asarray(image.convert("L"))
        assert (pixels < 128).mean() > 0.002
        edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        assert (edge == 255).all()  # nothing is cut off
        return image

    return read
