"""Photographing a lesion: skin, light, position, hair, ruler, lens and noise.

Nothing here looks at the factors or at the label: all of it is nuisance, drawn anew for each photograph
(the skin tone and the depth of the pigment stay with the lesion), and wide enough that the mean and the
deviation of an image's colours say little about the lesion.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from automl_skin.arrays import Float32Array, Pixels
from automl_skin.synthetic.lesion import HALF_WIDTH, SIDE, Lesion, smooth_noise, smooth_step

HEIGHT, WIDTH = 96, 128
_SCALE = 1.5  # drawn larger and averaged down, so that fine lines stay smooth
_ROWS, _COLUMNS = int(HEIGHT * _SCALE), int(WIDTH * _SCALE)
_BALANCE = 1.0  # about 1 / (1 - share of the picture that is lesion), less what would look odd
_TYPICAL_WITHIN = 900.0  # square grey levels
_FAIR = np.array([232.0, 188.0, 176.0], dtype=np.float32)
_DARK = np.array([158.0, 114.0, 92.0], dtype=np.float32)


@dataclass(frozen=True)
class Camera:
    """What one kind of photograph has in common: pairs are lowest and highest values, shares are of photographs.

    Parameters
    ----------
    radius : tuple of float
        Of the lesion, over the height of the picture.
    ruler_share, bubble_share, vignette_share : float
        With a scale, bubbles in the immersion gel, dark corners.
    blur : tuple of float
        Of the lens, in pixels of the drawing.
    grain : tuple of float
        Of the sensor, in grey levels.
    slope : float
        Deviation of the light from one side to the other.
    cast : tuple of float
        Deviation of red, green and blue.
    """

    radius: tuple[float, float]
    ruler_share: float
    bubble_share: float
    vignette_share: float
    blur: tuple[float, float]
    grain: tuple[float, float]
    slope: float
    cast: tuple[float, float, float]


DERMATOSCOPE = Camera((0.33, 0.42), 0.08, 0.10, 0.45, (0.35, 0.8), (0.6, 1.8), 0.03, (0.025, 0.02, 0.03))
HAND_HELD = Camera((0.22, 0.30), 0.0, 0.0, 0.0, (0.8, 1.5), (1.2, 3.0), 0.1, (0.05, 0.04, 0.06))
"""A close-up by hand: the lesion is smaller and less sharp, and daylight and lamps change its colours more."""


@dataclass(frozen=True)
class Pigment:
    """Mean colour of a lesion's surroundings and of its pigment, both RGB, shape (3,)."""

    skin: Float32Array
    pigment: Float32Array


def draw_pigment(skin_tone: float, rng: np.random.Generator) -> Pigment:
    """Draw skin and pigment colour for a tone from 0 (fair) to 1 (dark)."""
    blush = rng.normal(0.0, 1.0) * np.array([5.0, -6.0, -3.0]) + rng.normal(0.0, 1.0) * np.array(
        [4.0, 3.0, -4.0]
    )
    skin = _FAIR + (_DARK - _FAIR) * skin_tone + blush
    passed = np.array([0.84, 0.70, 0.62]) ** rng.uniform(1.0, 2.1)
    pigment = np.maximum(skin * passed + rng.normal(0.0, 3.0, 3), [72.0, 50.0, 40.0])
    return Pigment(skin.astype(np.float32), pigment.astype(np.float32))


def balanced(pigment: Pigment, lesion: Lesion) -> Pigment:
    """Bring a lesion of many colours nearer to the skin's colour, and a plain one further away.

    The variance of a picture's colours has a part between lesion and skin and a part within the lesion.
    What the tint adds to the second is taken from the first, so that their sum says little about the factors.
    """
    contrast = pigment.skin - pigment.pigment
    weight = lesion.cover[..., None] / lesion.cover.sum()
    within = (weight * lesion.tint**2).sum(axis=(0, 1))
    between = contrast**2 - _BALANCE * (within - _TYPICAL_WITHIN)
    kept = np.sqrt(np.maximum(between, (0.45 * contrast) ** 2)) * np.sign(contrast)
    darkest = np.minimum(pigment.skin, np.array([62.0, 44.0, 36.0]))
    return Pigment(pigment.skin, np.maximum(pigment.skin - kept, darkest).astype(np.float32))


def photograph(
    lesion: Lesion,
    pigment: Pigment,
    hairiness: float,
    rng: np.random.Generator,
    camera: Camera = DERMATOSCOPE,
) -> Pixels:
    """Take one photograph of a lesion, RGB of shape (HEIGHT, WIDTH, 3)."""
    cover, tint = _place(lesion, camera, rng)
    surface = _skin(pigment, cover, rng) * (1.0 - cover) + (pigment.pigment + tint) * cover
    if rng.random() < hairiness:
        surface = _hair(surface, rng)
    if rng.random() < camera.ruler_share:
        surface = _ruler(surface, rng)
    if rng.random() < camera.bubble_share:
        surface = _gel_bubbles(surface, rng)
    return _develop(_light(surface, camera, rng), camera, rng)


def _place(lesion: Lesion, camera: Camera, rng: np.random.Generator) -> tuple[Float32Array, Float32Array]:
    """Turn, scale and shift the lesion into the picture."""
    radius = rng.uniform(*camera.radius) * _ROWS
    scale = radius * 2.0 * HALF_WIDTH / SIDE
    matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), float(rng.uniform(0.0, 360.0)), scale)
    shift = np.array([_COLUMNS / 2, _ROWS / 2]) - SIDE / 2 + rng.normal(0.0, 0.03, 2) * _ROWS
    matrix = matrix + np.column_stack([np.zeros((2, 2)), shift])
    cover = cv2.warpAffine(lesion.cover, matrix, (_COLUMNS, _ROWS), flags=cv2.INTER_LINEAR)
    tint = cv2.warpAffine(lesion.tint, matrix, (_COLUMNS, _ROWS), flags=cv2.INTER_LINEAR)
    return np.asarray(cover[..., None], dtype=np.float32), np.asarray(tint, dtype=np.float32)


def _skin(pigment: Pigment, cover: Float32Array, rng: np.random.Generator) -> Float32Array:
    """Skin with blotches, fine lines, sometimes freckles, and a blush around the lesion."""
    blotches = smooth_noise(rng, _COLUMNS, 5)[:_ROWS]
    lines = np.abs(smooth_noise(rng, _COLUMNS, 40)[:_ROWS])
    pores = smooth_noise(rng, _COLUMNS, 75)[:_ROWS]
    shade = 3.0 * blotches - 2.0 * lines - 1.5 * pores
    skin = pigment.skin + shade[..., None] * np.array([0.7, 1.0, 1.0], dtype=np.float32)
    freckles = smooth_step(smooth_noise(rng, _COLUMNS, 20)[:_ROWS], 1.8, 2.6)[..., None]
    skin = skin - rng.uniform(0.0, 25.0) * freckles * np.array([0.6, 0.9, 1.0], dtype=np.float32)
    halo = cv2.GaussianBlur(cover, (0, 0), 9.0)[..., None]
    blush = rng.uniform(-2.0, 14.0) * np.array([0.2, 1.0, 0.8], dtype=np.float32)
    return np.asarray(skin - halo * blush, dtype=np.float32)


def _hair(surface: Float32Array, rng: np.random.Generator) -> Float32Array:
    """Lay a few dark or fair curved hairs over everything, mostly in one direction."""
    mask = np.zeros((_ROWS, _COLUMNS), dtype=np.uint8)
    main = rng.uniform(0.0, np.pi)
    for _ in range(int(rng.integers(2, 8))):
        angle, length = main + rng.normal(0.0, 0.35), rng.uniform(0.4, 1.3) * _ROWS
        start = rng.uniform([0.0, 0.0], [_COLUMNS, _ROWS]) - length / 2 * np.array(
            [np.cos(angle), np.sin(angle)]
        )
        t = np.linspace(0.0, 1.0, 16)
        bend = rng.normal(0.0, 0.12) * length * t * (1.0 - t) * 4.0
        x = start[0] + length * t * np.cos(angle) - bend * np.sin(angle)
        y = start[1] + length * t * np.sin(angle) + bend * np.cos(angle)
        points = (np.stack([x, y], axis=1) * 16).astype(np.int32)
        cv2.polylines(mask, [points], False, (255,), int(rng.integers(1, 3)), cv2.LINE_AA, 4)
    colour = np.array([45.0, 32.0, 28.0], dtype=np.float32) * rng.uniform(0.6, 2.6)
    opacity = (rng.uniform(0.5, 0.85) / 255.0) * mask[..., None].astype(np.float32)
    return np.asarray(surface * (1.0 - opacity) + colour * opacity, dtype=np.float32)


def _ruler(surface: Float32Array, rng: np.random.Generator) -> Float32Array:
    """Print a millimetre scale along the lower or upper edge."""
    marks = np.zeros((_ROWS, _COLUMNS), dtype=np.uint8)
    row, step = int(rng.choice([6, _ROWS - 7])), int(rng.integers(7, 11))
    inward = 1 if row < _ROWS // 2 else -1
    for number, column in enumerate(range(int(rng.integers(4, 30)), _COLUMNS - 4, step)):
        cv2.line(
            marks,
            (column, row),
            (column, row + inward * (9 if number % 5 == 0 else 5)),
            (255,),
            1,
            cv2.LINE_AA,
        )
    ink = 0.7 / 255.0 * marks[..., None].astype(np.float32)
    return np.asarray(surface * (1.0 - ink) + 30.0 * ink, dtype=np.float32)


def _gel_bubbles(surface: Float32Array, rng: np.random.Generator) -> Float32Array:
    """Leave a few bubbles in the immersion gel: a bright rim with a glint."""
    rims = np.zeros((_ROWS, _COLUMNS), dtype=np.uint8)
    for _ in range(int(rng.integers(1, 5))):
        x, y = int(rng.uniform(0, _COLUMNS)), int(rng.uniform(0, _ROWS))
        size = int(rng.integers(3, 9))
        cv2.circle(rims, (x, y), size, (110,), 1, cv2.LINE_AA)
        cv2.circle(rims, (x - size // 2, y - size // 2), 1, (255,), -1, cv2.LINE_AA)
    glint = 0.55 / 255.0 * rims[..., None].astype(np.float32)
    return np.asarray(surface + (250.0 - surface) * glint, dtype=np.float32)


def _light(surface: Float32Array, camera: Camera, rng: np.random.Generator) -> Float32Array:
    """Light from one side, a colour cast, exposure, and the dark corners of some lenses."""
    y, x = np.mgrid[-1.0 : 1.0 : _ROWS * 1j, -1.0 : 1.0 : _COLUMNS * 1j].astype(np.float32)
    slope = rng.normal(0.0, camera.slope, 2)
    light = 1.0 + slope[0] * x + slope[1] * y
    if rng.random() < camera.vignette_share:
        reach = smooth_step(np.hypot(x, 0.75 * y), rng.uniform(0.7, 1.0), rng.uniform(1.15, 1.6))
        light = light * (1.0 - rng.uniform(0.15, 0.75) * reach)
    cast = rng.normal(1.0, camera.cast) * rng.uniform(0.88, 1.1)
    return np.asarray(surface * light[..., None] * cast, dtype=np.float32)


def _develop(surface: Float32Array, camera: Camera, rng: np.random.Generator) -> Pixels:
    """Blur by the lens, average down to the final size, add the sensor's noise."""
    softened = cv2.GaussianBlur(surface, (0, 0), float(rng.uniform(*camera.blur)))
    small = cv2.resize(softened, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    grain = rng.standard_normal((HEIGHT, WIDTH, 1), dtype=np.float32) * rng.uniform(*camera.grain)
    return np.asarray(np.clip(small + grain, 0.0, 255.0).round(), dtype=np.uint8)
