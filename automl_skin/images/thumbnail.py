"""A small picture of a photograph, for a page."""

from io import BytesIO

import numpy as np
from PIL import Image

from automl_skin.arrays import Pixels

_QUALITY = 85


def thumbnail(pixels: Pixels, side: int = 320) -> bytes:
    """Return a photograph, fitted into a square of so many pixels, as the bytes of a JPEG file.

    Parameters
    ----------
    pixels : ndarray of shape (height, width, 3)
        RGB, uint8.
    """
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    stream = BytesIO()
    picture.save(stream, format="JPEG", quality=_QUALITY)
    return stream.getvalue()
