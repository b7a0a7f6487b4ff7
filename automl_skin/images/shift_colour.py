"""Shifts of colour: what another lamp, another camera or another picture style does to a photograph.

Each takes RGB pixels (height, width, 3), uint8, and a generator, and gives pixels of the same size.
"""

import cv2
import numpy as np

from automl_skin.arrays import FloatArray, Pixels

_CAST = 0.1  # of the natural logarithm of gains: a channel gains or loses 8 % at most
_MIRED = 60.0  # from 6500 K to 4700 K or to 10700 K
_DAYLIGHT_MIRED = 1e6 / 6500
_WAVELENGTHS = np.array([611.0, 549.0, 464.0])  # of the primaries of sRGB, nanometres
_RADIATION = 14.388  # Planck's second constant, nanometres kelvin, of 1e6: hc/k
_DISPLAY_GAMMA = 2.2
_GAMMA = 1.4
_CONTRAST = 1.5
_CHROMA = np.array([[1.0, 0.0, -1.0], [-1.0, 2.0, -1.0]]) / np.sqrt([[2.0], [6.0]])  # orthogonal to grey


def colour_cast(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Multiply the channels by gains of a random hue: what a camera's own colour processing leaves."""
    angle = rng.uniform(0, 2 * np.pi)
    direction = np.array([np.cos(angle), np.sin(angle)]) @ _CHROMA
    return _mapped(pixels, np.arange(256.0)[:, None] * np.exp(_CAST * direction))


def white_balance(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Set the white balance for a lamp warmer or colder than the one that shone, by 60 mired.

    The gains are those of black bodies at the wavelengths of the sRGB primaries (Planck's law, Wien's
    approximation), green left as it is.
    """
    change = rng.choice([-1.0, 1.0]) * _MIRED
    radiation = np.exp(-_RADIATION * change / _WAVELENGTHS)
    gains = (radiation / radiation[1]) ** (1 / _DISPLAY_GAMMA)
    return _mapped(pixels, np.arange(256.0)[:, None] * gains)


def gamma(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Raise values to the power 1.4 (darker) or 1 / 1.4 (lighter): another tone curve."""
    power = _GAMMA ** rng.choice([-1.0, 1.0])
    return _mapped(pixels, 255 * (np.arange(256.0)[:, None] / 255) ** np.full(3, power))


def contrast(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Multiply the distance from the mean grey by 1.5 or by 1 / 1.5."""
    factor = _CONTRAST ** rng.choice([-1.0, 1.0])
    mean = pixels.mean()
    return _mapped(pixels, np.repeat(mean + (np.arange(256.0)[:, None] - mean) * factor, 3, axis=1))


def _mapped(pixels: Pixels, table: FloatArray) -> Pixels:
    """Look up each channel's values in its column of `table`, (256, 3)."""
    rounded = np.clip(np.rint(table), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(pixels, rounded[None, :, :]), dtype=np.uint8)
