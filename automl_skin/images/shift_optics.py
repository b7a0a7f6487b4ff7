"""Shifts of optics: what another lens, another distance or another archive does to a photograph.

Each takes RGB pixels (height, width, 3), uint8, and a generator, and gives pixels of the same size. Lengths are
shares of the diagonal, so that a photograph of any size is changed alike.
"""

import cv2
import numpy as np

from automl_skin.arrays import FloatArray, Pixels

_FALL_OFF = 0.6  # of the light, lost in the corners
_FIELD = (0.76, 0.88)  # radius of a dermatoscope's round field, of half a diagonal
_FIELD_EDGE = 0.012
_OFF_CENTRE = 0.03
_BLACK = 6.0
_SCALE = 0.8
_CROP = 0.7
_DEFOCUS = 0.008
_QUALITY = 25


def vignette(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Take light from the corners: 60 % there, falling with the square of the distance from about the middle."""
    radius = _radius(pixels, rng)
    return _rounded(pixels * (1 - _FALL_OFF * np.minimum(radius, 1.2) ** 2)[:, :, None])


def dark_corners(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Show the photograph through the round field of a dermatoscope, 76 % to 88 % of half a diagonal in radius."""
    inside = (rng.uniform(*_FIELD) - _radius(pixels, rng)) / (2 * _FIELD_EDGE) + 0.5
    share = np.clip(inside, 0, 1)[:, :, None]
    return _rounded(pixels * share + _BLACK * (1 - share))


def scale(pixels: Pixels, rng: np.random.Generator) -> Pixels:  # noqa: ARG001 - one signature for all
    """Take the photograph from farther away: everything at 80 % of its size, what is around it mirrored."""
    height, width = pixels.shape[:2]
    warp = np.array(
        [[_SCALE, 0, (1 - _SCALE) * (width - 1) / 2], [0, _SCALE, (1 - _SCALE) * (height - 1) / 2]]
    )
    smooth = cv2.GaussianBlur(pixels, (0, 0), 0.4 / _SCALE)  # no aliasing
    shrunk = cv2.warpAffine(smooth, warp, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(shrunk, dtype=np.uint8)


def crop(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Take the photograph from nearer and not quite at its middle: 70 % of both sides, enlarged."""
    height, width = pixels.shape[:2]
    rows, columns = max(1, round(_CROP * height)), max(1, round(_CROP * width))
    top = round((height - rows) * rng.uniform(0.25, 0.75))
    left = round((width - columns) * rng.uniform(0.25, 0.75))
    part = pixels[top : top + rows, left : left + columns]
    return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def blur(pixels: Pixels, rng: np.random.Generator) -> Pixels:  # noqa: ARG001
    """Put the skin out of focus: a disc of 0.8 % of the diagonal in radius.

    ImageNet-C's mildest defocus is 3 pixels of 224 x 224, 0.95 %.
    """
    radius = max(1.0, _DEFOCUS * float(np.hypot(*pixels.shape[:2])))
    side = np.arange(-np.ceil(radius), np.ceil(radius) + 1)
    disc = np.clip(radius + 0.5 - np.hypot(side[:, None], side[None, :]), 0, 1)
    blurred = cv2.filter2D(pixels, -1, disc / disc.sum(), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, dtype=np.uint8)


def jpeg(pixels: Pixels, rng: np.random.Generator) -> Pixels:  # noqa: ARG001
    """Save as JPEG of quality 25, the mildest of ImageNet-C's five (25, 18, 15, 10, 7)."""
    _, data = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)[:, :, ::-1])


def _radius(pixels: Pixels, rng: np.random.Generator) -> FloatArray:
    """Return each pixel's distance from about the middle, (height, width), in halves of the diagonal."""
    height, width = pixels.shape[:2]
    half = np.hypot(height, width) / 2
    y, x = ((1 + rng.uniform(-_OFF_CENTRE, _OFF_CENTRE)) * (side - 1) / 2 for side in (height, width))
    distance: FloatArray = np.hypot(np.arange(height)[:, None] - y, np.arange(width)[None, :] - x) / half
    return distance


def _rounded(values: FloatArray) -> Pixels:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
