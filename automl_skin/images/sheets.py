"""The two contact sheets of a study: what a network sees while it is tuned, and what the shift suite does."""

from collections.abc import Sequence

import numpy as np
import torch

from automl_skin.arrays import Pixels
from automl_skin.images.augment import augmenter
from automl_skin.images.contact_sheet import contact_sheet
from automl_skin.images.shifts import SHIFTS, shift
from automl_skin.seeding import derive_seed

_PER_LINE = 7
UNCHANGED = "as it is"


def augmentation_sheet(name: str, pixels: Pixels, seed: int, draws: int = 6) -> bytes:
    """Return a PNG of images as they are and as a preset changes them, several times.

    Parameters
    ----------
    name : str
        A name of `images.augment.PRESETS`.
    pixels : ndarray of shape (n_images, height, width, 3)
        RGB, uint8, at the recipe's size; half a dozen images are enough.
    seed : int
        Of the network's training. Torch's random numbers are left as they were.
    draws : int
        Columns beside the unchanged one.
    """
    images = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float() / 255
    columns: dict[str, Sequence[Pixels]] = {UNCHANGED: list(pixels)}
    with torch.random.fork_rng():
        torch.manual_seed(derive_seed(seed, "contact sheet", name))
        augment = augmenter(name, *pixels.shape[1:3])
        for draw in range(draws):
            changed = augment(images).mul(255).round().byte().permute(0, 2, 3, 1)
            columns[f"{name} {draw + 1}"] = list(changed.numpy())
    return contact_sheet(columns)


def shift_sheet(photographs: Sequence[Pixels], contents: Sequence[str], seed: int = 0) -> bytes:
    """Return a PNG of photographs as they are and under every shift of the suite.

    Parameters
    ----------
    photographs : sequence of ndarray of shape (any height, any width, 3)
        RGB, uint8, as decoded.
    contents : sequence of str
        Digests of the image files' bytes.
    seed : int
        Of the suite.
    """
    columns: dict[str, Sequence[Pixels]] = {UNCHANGED: photographs}
    for name in SHIFTS:
        columns[name] = [
            shift(name, pixels, seed, content) for pixels, content in zip(photographs, contents, strict=True)
        ]
    return contact_sheet(columns, per_line=_PER_LINE)
