"""Colour constancy: what a photograph would look like under white light."""

import cv2
import numpy as np

from automl_skin.arrays import FloatArray, Pixels


def shades_of_grey(pixels: Pixels, power: float = 6) -> Pixels:
    r"""Divide out the colour of the light, estimated by the Minkowski mean of each channel.

    The light is :math:`e_c = (\mathrm{mean}\, I_c^p)^{1/p}`, and each channel is multiplied by
    :math:`\lVert e \rVert / (\sqrt 3\, e_c)`, which leaves a photograph under grey light as it is.

    Parameters
    ----------
    pixels : ndarray of shape (height, width, 3)
        RGB, uint8.
    power : float
        p; 1 is the grey-world assumption, infinity would be max-RGB.

    Returns
    -------
    ndarray of shape (height, width, 3)
        RGB, uint8, clipped at 255. A photograph with a channel that is 0 everywhere is returned as it is: no
        gain can bring that channel back.

    References
    ----------
    Finlayson and Trezzi, Shades of gray and colour constancy, Color Imaging Conference 2004.
    """
    light = _light(pixels, power)
    if light.min() == 0.0:
        return pixels
    gain = np.linalg.norm(light) / (np.sqrt(3.0) * light)
    table = np.clip(np.rint(np.arange(256.0)[:, None] * gain), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(pixels, table[None, :, :]), dtype=np.uint8)


def _light(pixels: Pixels, power: float) -> FloatArray:
    """Return the Minkowski mean of each channel, from 256 counts a channel instead of a power a pixel."""
    counts = np.stack([cv2.calcHist([pixels], [c], None, [256], [0.0, 256.0]).ravel() for c in range(3)])
    levels = (np.arange(256.0) / 255.0) ** power
    mean: FloatArray = (counts @ levels) / (pixels.shape[0] * pixels.shape[1])
    return np.asarray(mean ** (1.0 / power), dtype=np.float64)
