"""Shifts by what lies on the skin: hair, and the ruler of a dermatoscope.

Each takes RGB pixels (height, width, 3), uint8, and a generator, and gives pixels of the same size. Lengths are
shares of the diagonal.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from automl_skin.arrays import Float32Array, FloatArray, Pixels

_HAIRS = (10, 18)
_HAIR_LENGTH = (0.2, 0.7)
_HAIR_WIDTH = (0.0015, 0.0035)
_HAIR_BEND = 0.16  # of its length, sideways
_HAIR_COLOUR = np.array([52.0, 36.0, 28.0])
_HAIR_COVER = (0.65, 0.95)
_TICKS = (0.02, 0.032)  # from one millimetre to the next
_TICK_LENGTHS = {10: 0.055, 5: 0.04, 1: 0.025}
_RULER_COLOUR = np.array([25.0, 25.0, 30.0])
_RULER_COVER = 0.9
_TICK_WIDTH = 0.0025
_FRACTION_BITS = 4  # OpenCV draws at sixteenths of a pixel
_CURVE_POINTS = 24


def hair(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Lay 10 to 18 dark hairs over the skin, bent, in about one direction, as they grow."""
    diagonal = float(np.hypot(*pixels.shape[:2]))
    growth = rng.uniform(0, np.pi)
    share = np.zeros(pixels.shape[:2], np.float32)
    for _ in range(rng.integers(*_HAIRS, endpoint=True)):
        curve = _bent(rng, growth, pixels.shape, diagonal)
        drawn = _drawn(pixels.shape, [curve], diagonal * rng.uniform(*_HAIR_WIDTH))
        share += rng.uniform(*_HAIR_COVER) * drawn * (1 - share)
    return _laid_over(pixels, share, _HAIR_COLOUR * rng.uniform(0.5, 1.5))


def ruler(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Show a millimetre scale along one of the four sides, with longer ticks at fives and tens."""
    quarter = int(rng.integers(4))
    turned = np.ascontiguousarray(np.rot90(pixels, quarter))
    height, width = turned.shape[:2]
    diagonal = float(np.hypot(height, width))
    base = height * (1 - rng.uniform(0.02, 0.08))
    spacing, start = diagonal * rng.uniform(*_TICKS), width * rng.uniform(0.02, 0.2)
    places = np.arange(start, width * rng.uniform(0.75, 0.98), spacing)
    lines = [np.array([[x, base], [x, base - diagonal * _tick_length(i)]]) for i, x in enumerate(places)]
    lines.append(np.array([[start, base], [places[-1] if len(places) else start, base]]))
    share = _RULER_COVER * _drawn(turned.shape, lines, diagonal * _TICK_WIDTH)
    return np.ascontiguousarray(np.rot90(_laid_over(turned, share, _RULER_COLOUR), -quarter))


def _tick_length(position: int) -> float:
    return next(length for every, length in _TICK_LENGTHS.items() if position % every == 0)


def _bent(rng: np.random.Generator, growth: float, shape: tuple[int, ...], diagonal: float) -> FloatArray:
    """Return the points (24, 2) of a hair: x and y on a quadratic Bézier curve."""
    angle = growth + rng.normal(scale=0.35)
    length = diagonal * rng.uniform(*_HAIR_LENGTH)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]]) * rng.normal(scale=_HAIR_BEND) * length
    middle = rng.uniform(0, 1, 2) * [shape[1], shape[0]]
    ends = [middle - along * length / 2, middle + 2 * across, middle + along * length / 2]
    t = np.linspace(0, 1, _CURVE_POINTS)[:, None]
    return np.asarray((1 - t) ** 2 * ends[0] + 2 * t * (1 - t) * ends[1] + t**2 * ends[2], dtype=np.float64)


def _drawn(shape: tuple[int, ...], lines: Sequence[FloatArray], thickness: float) -> Float32Array:
    """Draw lines of a thickness in pixels, maybe below one; return what share of each pixel they cover."""
    mask = np.zeros(shape[:2], np.uint8)
    points: list[npt.NDArray[np.int32]] = [
        np.rint(line * 2**_FRACTION_BITS).astype(np.int32) for line in lines
    ]
    whole = max(1, round(thickness))
    cv2.polylines(mask, points, False, 255, whole, cv2.LINE_AA, _FRACTION_BITS)
    soft = cv2.GaussianBlur(mask, (0, 0), 0.3 + thickness / 8)
    return np.asarray(soft, np.float32) * np.float32(min(1.0, thickness) / 255)


def _laid_over(pixels: Pixels, share: Float32Array, colour: FloatArray) -> Pixels:
    """Blend a colour over the pixels where `share`, (height, width) in 0 .. 1, says so."""
    blended = pixels + share[:, :, None] * (colour.astype(np.float32) - pixels)
    return np.rint(blended).astype(np.uint8)
