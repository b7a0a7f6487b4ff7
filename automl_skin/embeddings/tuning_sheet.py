"""What a network sees in training: a few photographs as they are and as the augmentation changes them."""

from pathlib import Path

import numpy as np
import torch

from automl_skin.arrays import Pixels
from automl_skin.backbones.tuning.inputs import cut_anywhere
from automl_skin.files import atomic_write
from automl_skin.images.augment import augmenter
from automl_skin.images.contact_sheet import contact_sheet
from automl_skin.seeding import derive_seed

FILE_NAME = "contact_sheet.png"
N_IMAGES = 6
N_VARIANTS = 6


def write_sheet(
    folder: Path, pixels: Pixels, augmentation: str, seed: int, cut: tuple[int, int] | None = None
) -> None:
    """Write ``contact_sheet.png``, unless it exists: one row per photograph, the augmented variants beside it.

    Mixing (mixup, cutmix) comes after augmentation and is not shown. Torch's random numbers are left as they were.

    Parameters
    ----------
    pixels : ndarray of shape (n, height, width, 3)
        At most `N_IMAGES` photographs.
    augmentation : str
        Of the tuning recipe.
    cut : (int, int), optional
        Height and width of the pieces that the network sees of the photographs.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    if (folder / FILE_NAME).is_file():
        return
    columns = {"as decoded": list(pixels)}
    if augmentation != "none" or cut:
        variants = _variants(pixels, augmentation, seed, cut)
        columns |= {f"{augmentation} {number}": list(each) for number, each in enumerate(variants, start=1)}
    with atomic_write(folder / FILE_NAME) as temporary:
        temporary.write_bytes(contact_sheet(columns))


def _variants(pixels: Pixels, augmentation: str, seed: int, cut: tuple[int, int] | None) -> list[Pixels]:
    height, width = cut or pixels.shape[1:3]
    augment = augmenter(augmentation, height, width)
    whole = torch.from_numpy(np.ascontiguousarray(pixels))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "contact sheet"))
        seen = [cut_anywhere(whole, height, width) if cut else whole for _ in range(N_VARIANTS)]
        made = [augment(each.permute(0, 3, 1, 2).float().div_(255.0)) for each in seen]
    return [each.mul(255.0).round().byte().permute(0, 2, 3, 1).numpy() for each in made]
