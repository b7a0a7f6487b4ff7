"""What one lesion looks like in its own frame, where its mean radius is 1 and its centre the origin.

A lesion is a transparency (where pigment is) and a tint (how the pigment's colour departs from its
mean). The four factors act here and only here:

asymmetry
    A bulge on one side, low harmonics of the contour, and dark pigment gathered away from the centre.
border
    High harmonics of the contour, and pigment that ends abruptly instead of fading out.
colours
    Up to five further colours in patches: dark brown, black, red, white, blue-grey.
structure
    From a fine regular network (or faint ridges) to a broad broken one with irregular globules and a
    blue-white veil (or to crust, openings and keratin scales, in keratinocytic lesions).

The tint has mean 0 over the lesion in every colour channel, so that the mean colour of a picture says
nothing about the factors.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from automl_skin.arrays import Float32Array, FloatArray

SIDE = 144
HALF_WIDTH = 1.75
_LOW_ORDERS = 3  # harmonics of the outline up to here are asymmetry, the rest is border

_PATCHES = (  # departures from the pigment's mean in RGB
    (-46.0, -42.0, -34.0),  # dark brown
    (26.0, -16.0, -8.0),  # red
    (-36.0, -12.0, 8.0),  # blue-grey
    (38.0, 42.0, 44.0),  # white scar
    (-60.0, -54.0, -44.0),  # black
)
_VEIL = (-22.0, 8.0, 28.0)
_PIGMENT = (1.0, 0.94, 0.84)  # structure darkens red most, as melanin on brown does


@dataclass(frozen=True)
class Look:
    """The factors of one lesion, each in [0, 1], and its kind."""

    asymmetry: float
    border: float
    colours: float
    structure: float
    keratinocytic: bool


@dataclass(frozen=True)
class Lesion:
    """A drawn lesion: `cover` (SIDE, SIDE) in [0, 1] and `tint` (SIDE, SIDE, 3) in grey levels."""

    cover: Float32Array
    tint: Float32Array


def draw_lesion(look: Look, rng: np.random.Generator) -> Lesion:
    """Draw one lesion; the same look and generator state give the same pixels."""
    axis = np.linspace(-HALF_WIDTH, HALF_WIDTH, SIDE, dtype=np.float32)
    u, v = np.meshgrid(axis, axis)
    direction = rng.uniform(0.0, 2.0 * np.pi)
    cover = _cover(look, u, v, direction, rng)
    tint = _colour_patches(look, u, v, direction, rng)
    pattern = _keratin(look, rng) if look.keratinocytic else _network(look, u, v, rng)
    tint += pattern[..., None] * np.asarray(_PIGMENT, dtype=np.float32)
    weight = cover[..., None] / cover.sum()
    return Lesion(cover, tint - (tint * weight).sum(axis=(0, 1)))


def smooth_noise(rng: np.random.Generator, side: int, cells: int) -> Float32Array:
    """Return smooth noise of mean 0 and deviation 1, (side, side), with about `cells` bumps per side."""
    coarse = rng.standard_normal((cells + 3, cells + 3)).astype(np.float32)
    fine = cv2.resize(coarse, (side + side // 4, side + side // 4), interpolation=cv2.INTER_CUBIC)
    inner = fine[side // 8 : side // 8 + side, side // 8 : side // 8 + side]
    return np.asarray((inner - inner.mean()) / (inner.std() + 1e-6), dtype=np.float32)


def smooth_step(values: Float32Array, low: float, high: float) -> Float32Array:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    share = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share), dtype=np.float32)


def rough_noise(rng: np.random.Generator, side: int, cells: int) -> Float32Array:
    """Return fractal noise of mean 0 and deviation about 1: three octaves from `cells` bumps per side up."""
    octaves = [smooth_noise(rng, side, cells << level) / 1.6**level for level in range(3)]
    return np.asarray(sum(octaves) / 1.25, dtype=np.float32)


def _cover(
    look: Look, u: Float32Array, v: Float32Array, direction: float, rng: np.random.Generator
) -> Float32Array:
    """Threshold the distance to the outline, roughened and hardened by border irregularity."""
    angles = np.linspace(-np.pi, np.pi, 361)
    radius = np.interp(np.arctan2(v, u), angles, _contour(look, angles, direction, rng)).astype(np.float32)
    depth = radius - np.hypot(u, v) + (0.03 + 0.17 * look.border) * rough_noise(rng, SIDE, 9)
    fade = 0.55 - 0.45 * look.border
    return smooth_step(depth, -fade / 2, fade / 2)


def _contour(look: Look, angles: FloatArray, direction: float, rng: np.random.Generator) -> FloatArray:
    """Radius of the outline at each angle: an ellipse times harmonics, scaled to the area of a unit circle."""
    turned = angles - rng.uniform(0.0, np.pi)
    radius = 1.0 / np.hypot(np.cos(turned), np.sin(turned) / rng.uniform(0.78, 1.0))
    bulge = np.exp(3.0 * (np.cos(angles - direction) - 1.0))
    dent = np.exp(4.0 * (np.cos(angles - direction - 2.2) - 1.0))
    waves = 1.0 + look.asymmetry * (0.4 * bulge - 0.3 * dent)
    for order in range(2, 9):
        size = 0.02 + 0.05 * look.asymmetry if order <= _LOW_ORDERS else 0.01 + 0.025 * look.border
        waves = waves + rng.normal(0.0, size) * np.cos(order * angles + rng.uniform(0.0, 2.0 * np.pi))
    radius = radius * np.clip(waves, 0.45, 1.7)
    return np.asarray(radius / np.sqrt(np.mean(radius**2)))


def _colour_patches(
    look: Look, u: Float32Array, v: Float32Array, direction: float, rng: np.random.Generator
) -> Float32Array:
    """Overlay patches of further colours, and gather pigment on one side of an asymmetric lesion."""
    lopsided = u * np.cos(direction) + v * np.sin(direction)
    shade = 5.0 * smooth_noise(rng, SIDE, 7) - 30.0 * look.asymmetry * np.tanh(1.5 * lopsided)
    tint = shade[..., None] * np.asarray(_PIGMENT, dtype=np.float32)
    wanted = 5.0 * look.colours
    for place, patch in enumerate(rng.permutation(len(_PATCHES))):
        strength = float(np.clip(wanted - place, 0.0, 1.0))
        if strength == 0.0:
            break
        where = strength * smooth_step(rough_noise(rng, SIDE, 6), 0.35, 1.1)[..., None]
        tint = tint * (1.0 - 0.6 * where) + where * np.asarray(_PATCHES[patch], dtype=np.float32)
    return np.asarray(tint, dtype=np.float32)


def _network(look: Look, u: Float32Array, v: Float32Array, rng: np.random.Generator) -> Float32Array:
    """Pigment network: a fine honeycomb; disorder bends and breaks it and adds granules, globules and a veil."""
    disorder = look.structure
    bend = 0.04 + 0.10 * disorder
    x = u + bend * smooth_noise(rng, SIDE, 8)
    y = v + bend * smooth_noise(rng, SIDE, 8)
    turn, pitch = rng.uniform(0.0, np.pi), rng.uniform(34.0, 42.0)
    waves = [np.cos(pitch * (x * np.cos(turn + k) + y * np.sin(turn + k))) for k in (0.0, 2.094, 4.189)]
    lines = 1.0 - smooth_step(np.asarray(sum(waves), dtype=np.float32), -1.3, 0.6)
    patchy = smooth_step(smooth_noise(rng, SIDE, 5), -1.0, 1.0)
    globules = _dots(rng, count=int(4 + 26 * disorder), smallest=0.02, largest=0.03 + 0.05 * disorder)
    granules = smooth_noise(rng, SIDE, 30) + 0.6 * smooth_noise(rng, SIDE, 54)
    dark = (10.0 + 8.0 * disorder) * lines * patchy + (8.0 + 36.0 * disorder) * globules
    return np.asarray((2.0 + 40.0 * disorder) * granules - dark, dtype=np.float32)


def _keratin(look: Look, rng: np.random.Generator) -> Float32Array:
    """Keratinocytic surface: faint ridges and bright cysts; disorder adds openings, crust and scales."""
    disorder = look.structure
    ridges = np.abs(smooth_noise(rng, SIDE, 18))
    cysts = _dots(rng, count=int(5 + 8 * disorder), smallest=0.025, largest=0.05)
    openings = _dots(rng, count=int(4 + 20 * disorder), smallest=0.02, largest=0.04 + 0.04 * disorder)
    crust = smooth_noise(rng, SIDE, 26) + 0.7 * smooth_noise(rng, SIDE, 54)
    dark = 8.0 * ridges + (8.0 + 34.0 * disorder) * openings
    return np.asarray(
        (16.0 + 16.0 * disorder) * cysts + (2.0 + 36.0 * disorder) * crust - dark, dtype=np.float32
    )


def _dots(rng: np.random.Generator, count: int, smallest: float, largest: float) -> Float32Array:
    """Scatter soft discs with radii in lesion radii over the lesion."""
    canvas = np.zeros((SIDE, SIDE), dtype=np.float32)
    unit = SIDE / (2.0 * HALF_WIDTH)
    for _ in range(count):
        distance, angle = 0.92 * np.sqrt(rng.random()), rng.uniform(0.0, 2.0 * np.pi)
        x = (HALF_WIDTH + distance * np.cos(angle)) * unit * 16
        y = (HALF_WIDTH + distance * np.sin(angle)) * unit * 16
        size = rng.uniform(smallest, largest) * unit * 16
        cv2.circle(canvas, (int(x), int(y)), int(size), (1.0,), -1, cv2.LINE_8, 4)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 0.8), dtype=np.float32)
