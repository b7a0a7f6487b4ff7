"""Photographs, heat and masks brought onto one another: what a network was shown, at any size."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from automl_skin.arrays import BoolArray, Float32Array, Pixels
from automl_skin.errors import ImageError
from automl_skin.images.decode import decode
from automl_skin.images.folder import ImageFolder
from automl_skin.images.recipe import Recipe, apply

LESION_ABOVE = 127
"""Grey levels of a mask above this are lesion."""

_NAMES = ("{}_segmentation.png", "{}_Segmentation.png", "{}_mask.png", "{}.png")


def find_mask(folder: Path, image: str) -> str | None:
    """Return the name of the mask of a photograph in a folder; None if it has none.

    Parameters
    ----------
    image : str
        Path of the photograph. Its mask is called like it, maybe with ``_segmentation`` (as ISIC's) or ``_mask``.
    """
    names = (name.format(Path(image).stem) for name in _NAMES)
    return next((name for name in names if (folder / name).is_file()), None)


def read_mask(folder: Path, name: str, recipe: Recipe) -> BoolArray:
    """Return a mask as the network saw its photograph, shape (recipe.height, recipe.width).

    Raises
    ------
    ImageError
        If the file is damaged, or nothing of what the network saw is lesion.
    """
    pixels = decode(ImageFolder(folder).read(name), name=name)
    mask: BoolArray = (
        apply(replace(recipe, colour="none", interpolation="bilinear"), pixels)[..., 0] > LESION_ABOVE
    )
    if not mask.any():
        message = (
            f"{name}: expected grey levels above {LESION_ABOVE} where the lesion is, got none in the picture"
        )
        raise ImageError(f"{message}; use the mask of this photograph")
    return mask


def shown_size(recipe: Recipe, photograph: Pixels, side: int) -> tuple[int, int]:
    """Return height and width at which a photograph is printed: undistorted, the longer side of a length.

    A recipe that squashes shows the whole photograph, one that crops the part that it cuts out.
    """
    height, width = photograph.shape[:2] if recipe.fit == "squash" else (recipe.height, recipe.width)
    scale = side / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def shown(recipe: Recipe, photograph: Pixels, side: int) -> Pixels:
    """Return what a network is shown of a photograph, in its own colours, for print.

    Parameters
    ----------
    photograph : ndarray of shape (any height, any width, 3)
        RGB, uint8, as decoded.
    side : int
        Pixels of the longer side.
    """
    height, width = shown_size(recipe, photograph, side)
    return apply(replace(recipe, height=height, width=width, colour="none"), photograph)


def enlarge(values: Float32Array, height: int, width: int) -> Float32Array:
    """Return places (map height, map width) at another size by linear interpolation between their centres."""
    large: Float32Array = np.asarray(cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR))
    return large
