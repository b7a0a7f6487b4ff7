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


def shown_part(recipe: Recipe, height: int, width: int) -> tuple[float, float]:
    """Return which share of a photograph's height and width a network is shown, which is its centre.

    Examples
    --------
    >>> shown_part(Recipe(224, 224), 300, 400), shown_part(Recipe(224, 224, fit="crop"), 300, 400)
    ((1.0, 1.0), (1.0, 0.75))
    >>> shown_part(Recipe(224, 224, resize=(256, 256)), 300, 400)
    (0.875, 0.875)
    """
    if recipe.resize is not None:
        rows, columns = shown_part(recipe.uncut, height, width)
        return rows * recipe.height / recipe.resize[0], columns * recipe.width / recipe.resize[1]
    if recipe.fit == "squash":
        return 1.0, 1.0
    scale = max(recipe.height / height, recipe.width / width)
    return min(1.0, recipe.height / (height * scale)), min(1.0, recipe.width / (width * scale))


def lay_over(heat: Float32Array, recipe: Recipe, photograph: Pixels) -> Float32Array:
    """Return heat where it lies in a whole photograph, in what `heat` adds up to per pixel.

    Parameters
    ----------
    heat : ndarray of shape (map height, map width)
    recipe : Recipe
        Of the input that the heat lies over.
    photograph : ndarray of shape (height, width, 3)

    Returns
    -------
    ndarray of shape (height, width)
        0 where the network was shown nothing.
    """
    height, width = photograph.shape[:2]
    rows, columns = (
        max(1, round(share * side))
        for share, side in zip(shown_part(recipe, height, width), (height, width), strict=True)
    )
    top, left = (height - rows) // 2, (width - columns) // 2
    laid = np.zeros((height, width), np.float32)
    laid[top : top + rows, left : left + columns] = enlarge(heat, rows, columns) * (
        heat.size / (rows * columns)
    )
    return laid
