"""The fingerprint of a photograph: a tiny thumbnail by which copies of it are found again.

Layout: a thumbnail of `FINGERPRINT_SIDE` x `FINGERPRINT_SIDE` pixels, each the mean RGB of its cell of the
photograph (squashed, so that any aspect ratio fills the square), in [0, 1], flattened in C order from
(row, column, colour). Because the photograph is squashed to a square, turning or flipping it turns or
flips the thumbnail and changes nothing else: `np.rot90(fingerprint.reshape(side, side, 3))` is the
fingerprint of the turned photograph (up to rounding to 1/255), so one stored fingerprint serves all 8
variants.
"""

import cv2
import numpy as np

from automl_skin.arrays import Float32Array, Pixels

FINGERPRINT_SIDE = 16
FINGERPRINT_LENGTH = FINGERPRINT_SIDE * FINGERPRINT_SIDE * 3


def fingerprint(pixels: Pixels) -> Float32Array:
    """Shrink a photograph to its fingerprint.

    Parameters
    ----------
    pixels : ndarray of shape (height, width, 3)
        RGB, uint8, of any size from 1 x 1.

    Returns
    -------
    ndarray of shape (FINGERPRINT_LENGTH,)
        float32 in [0, 1]; see the module for the layout.
    """
    size = (FINGERPRINT_SIDE, FINGERPRINT_SIDE)
    thumbnail = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return (thumbnail.astype(np.float32) / 255.0).reshape(FINGERPRINT_LENGTH)
