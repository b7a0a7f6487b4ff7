"""Whether two thumbnails show the same skin: align them, then compare what is fine.

Alignment is affine, by the enhanced correlation coefficient (Evangelidis & Psarakis, IEEE TPAMI 30:1858,
2008), from coarse to fine. The comparison is the local normalised correlation of band-passed pixels, averaged
over the overlap: two lesions of one shape and colour align as well as two copies do, but their fine structure
does not correlate; and since every part of the skin counts alike, one dark border in common is not enough.

A warp is a (2, 3) array that says where a position of the fixed thumbnail lies in the moving one. Positions
are in halves of a side from the centre, so that a warp means the same at every resolution.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from automl_skin.arrays import BoolArray, Float32Array, Pixels
from automl_skin.images.neighbours import Orientation, turn

THUMBNAIL_SIDE = 96
ALIGNMENT_VERSION = 1  # raise it whenever similarities change, so that stored ones are not used

_TEMPLATE_SHARE = 0.75  # of the fixed thumbnail's side: without corners, where a turned copy is empty
_OVERLAP_RADIUS = 0.95
_MIN_OVERLAP = 0.3  # of the area
_MAX_CHANGE = 0.45  # of an entry of the warp's linear part; 10 degrees at 4:3, squashed, are 0.24
_MAX_AREA_RATIO = 1.65
_MAX_SHIFT = 0.4
_MIN_INSIDE = 0.5  # of a pixel
_MAX_GIVEN_UP = 0.5  # similarity of a pair that was not compared at a finer level


@dataclass(frozen=True)
class _Level:
    """One resolution of the alignment.

    Parameters
    ----------
    side : int
        Of the thumbnail, pixels.
    iterations, blur : int
        Of the alignment; blur is the size of the Gaussian, pixels.
    band : tuple of float
        Sigmas of what is compared, pixels: finer than the first is compression, smoother than the second is shape.
    window : float
        Sigma of the neighbourhood within which is correlated, pixels.
    noise_variance : float
        Grey levels squared; keeps smooth skin from being compared by its noise.
    needed : float
        Similarity at the coarser level below which a pair is given up.
    """

    side: int
    iterations: int
    blur: int
    band: tuple[float, float]
    window: float
    noise_variance: float
    needed: float


# Of 320 planted copies all had at least 0.74 at the two coarse levels; most other pairs end there.
_START = _Level(32, 10, 5, (0.6, 2.0), 3.0, 0.5, -1.0)
_FINER = (
    _Level(48, 15, 3, (0.8, 3.0), 4.0, 0.5, 0.45),
    _Level(THUMBNAIL_SIDE, 10, 1, (0.7, 3.0), 3.0, 0.3, 0.6),
)


def thumbnail(pixels: Pixels) -> Pixels:
    """Shrink a photograph to a grey square of `THUMBNAIL_SIDE` pixels, squashing it."""
    size = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    grey: Pixels = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
    return grey


def similarity(fixed: Pixels, moving: Pixels, orientations: Sequence[Orientation]) -> float:
    """Say how much two thumbnails agree in their fine structure when they are aligned as well as possible.

    Parameters
    ----------
    fixed, moving : ndarray of shape (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
        From `thumbnail`.
    orientations : sequence of Orientation
        Of `moving`, from which the alignment starts; it then finds turns up to about 15 degrees, shifts and
        scales.

    Returns
    -------
    float
        From -1 to 1; near 1 for copies. A pair that is given up early gets the similarity it had by then, at
        most 0.5.
    """
    starts = [_start(fixed, turn(moving, orientation)) for orientation in orientations]
    found, warp, turned = max(starts, key=lambda start: start[0])
    for level in _FINER:
        if found < level.needed:
            return min(found, _MAX_GIVEN_UP)
        fixed, turned, warp = _shrinking(fixed, turned, warp)
        warp = _align(fixed, turned, warp, level)
        found = _agreement(fixed, turned, warp, level)
    return found


def _shrinking(
    fixed: Pixels, moving: Pixels, warp: Float32Array | None
) -> tuple[Pixels, Pixels, Float32Array | None]:
    """Change roles if `moving` would be enlarged: it would then be smoother than what it is compared with."""
    if warp is None or np.linalg.det(warp[:, :2]) >= 1:
        return fixed, moving, warp
    inverse = np.linalg.inv(warp[:, :2])
    return moving, fixed, np.column_stack([inverse, -inverse @ warp[:, 2]]).astype(np.float32)


def _start(fixed: Pixels, moving: Pixels) -> tuple[float, Float32Array | None, Pixels]:
    warp = _align(fixed, moving, np.eye(2, 3, dtype=np.float32), _START)
    return _agreement(fixed, moving, warp, _START), warp, moving


def _align(fixed: Pixels, moving: Pixels, warp: Float32Array | None, level: _Level) -> Float32Array | None:
    """Improve a warp at one resolution; None where there is none that a copy could have."""
    if warp is None:
        return None
    margin = round(level.side * (1 - _TEMPLATE_SHARE) / 2)
    template = _shrink(fixed, level.side)[margin:-margin, margin:-margin]
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, level.iterations, 1e-4)
    start = _in_pixels(warp, len(template), level.side)
    try:
        _, found = cv2.findTransformECC(
            np.ascontiguousarray(template),
            _shrink(moving, level.side),
            start,
            cv2.MOTION_AFFINE,
            criteria,
            np.full((level.side, level.side), 255, np.uint8),
            level.blur,
        )
    except cv2.error:  # does not converge: these two have nothing in common
        return None
    better = _in_halves(np.asarray(found, np.float32), len(template), level.side)
    return better if _is_plausible(better) else None


def _is_plausible(warp: Float32Array) -> bool:
    linear, shift = warp[:, :2], warp[:, 2]
    area = float(linear[0, 0] * linear[1, 1] - linear[0, 1] * linear[1, 0])
    near = np.abs(linear - np.eye(2)).max() <= _MAX_CHANGE and np.abs(shift).max() <= _MAX_SHIFT
    return bool(near) and 1 / _MAX_AREA_RATIO <= area <= _MAX_AREA_RATIO


def _agreement(fixed: Pixels, moving: Pixels, warp: Float32Array | None, level: _Level) -> float:
    """Return the mean local correlation of band-passed pixels in the overlap, -1 without warp or overlap."""
    if warp is None:
        return -1.0
    side = level.side
    matrix, size = _in_pixels(warp, side, side), (side, side)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(_shrink(moving, side), matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    disc = _disc(side)
    overlap = (cv2.warpAffine(disc, matrix, size, flags=how) > _MIN_INSIDE) & (disc > 0)
    if overlap.mean() < _MIN_OVERLAP:
        return -1.0
    first, second = _band(_shrink(fixed, side), level), _band(np.asarray(moved, np.uint8), level)
    return float(_local_correlation(first, second, overlap, level)[overlap].mean())


def _local_correlation(a: Float32Array, b: Float32Array, overlap: BoolArray, level: _Level) -> Float32Array:
    inside = overlap.astype(np.float32)
    blur = [
        cv2.GaussianBlur(x * inside, (0, 0), level.window) for x in (np.ones_like(a), a * b, a * a, b * b)
    ]
    weight = blur[0] + 1e-6
    product, energy_a, energy_b = (x / weight for x in blur[1:])
    energy = np.sqrt((energy_a + level.noise_variance) * (energy_b + level.noise_variance))
    return np.asarray(product / energy, np.float32)


def _band(grey: Pixels, level: _Level) -> Float32Array:
    values = grey.astype(np.float32)
    finer, smoother = (cv2.GaussianBlur(values, (0, 0), sigma) for sigma in level.band)
    return np.asarray(finer - smoother, np.float32)


def _shrink(grey: Pixels, side: int) -> Pixels:
    if len(grey) == side:
        return grey
    return np.asarray(cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


@cache
def _disc(side: int) -> Float32Array:
    radius = np.hypot(*((np.mgrid[:side, :side] - (side - 1) / 2) / (side / 2)))
    return np.asarray(radius <= _OVERLAP_RADIUS, np.float32)


def _in_pixels(warp: Float32Array, fixed_side: int, moving_side: int) -> Float32Array:
    """Turn a warp into one between pixels, where the fixed image is the centre of a larger one."""
    linear, shift = warp[:, :2], warp[:, 2]
    offset = moving_side / 2 * shift + (moving_side - 1) / 2 - linear.sum(1) * (fixed_side - 1) / 2
    return np.concatenate([linear, offset[:, None]], axis=1).astype(np.float32)


def _in_halves(matrix: Float32Array, fixed_side: int, moving_side: int) -> Float32Array:
    """Undo `_in_pixels`."""
    linear, offset = matrix[:, :2], matrix[:, 2]
    shift = (offset - (moving_side - 1) / 2 + linear.sum(1) * (fixed_side - 1) / 2) / (moving_side / 2)
    return np.concatenate([linear, shift[:, None]], axis=1).astype(np.float32)
