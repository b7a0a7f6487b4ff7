"""Augmentation: what training images go through, in batches, on the device that trains.

Each image draws parameters of its own, all from torch's global generator, which the caller seeds. Transforms are
kornia's (imported when a preset needs it) unless a line says otherwise. An image stays as it was in 0 .. 1.

`siim` is the list of the SIIM-ISIC 2020 winners (Ha, Liu and Liu, Identifying Melanoma Images using EfficientNet
Ensemble, arXiv:2010.05351, and their published code), written for albumentations 0.4 on squares of 512 to 1024
pixels that are resized afterwards. `randaugment` is Cubuk et al., RandAugment, 2020, with N = 2 and M = 9:
it makes colours that no skin has.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from automl_skin.errors import ConfigError
from automl_skin.images.steps import (
    Step,
    clahe,
    distort_grid,
    distort_lens,
    elastic,
    noise,
    one_of,
    shifted_hsv,
    sometimes,
    transposed,
)


def augmenter(name: str, height: int, width: int) -> Step:
    """Return what one preset does to a batch.

    Parameters
    ----------
    name : {"none", "light", "siim", "randaugment"}
        The preset.
    height, width : int
        Of the images, pixels. Images that are not square are never transposed.

    Returns
    -------
    callable
        From a float32 tensor of shape (n, 3, height, width) in 0 .. 1, on any device, to another of the same
        shape and device; the given one is left as it is.

    Raises
    ------
    ConfigError
        If there is no such preset.
    """
    if name not in PRESETS:
        raise ConfigError(
            f"expected an augmentation among {', '.join(PRESETS)}, got {name!r}; choose one of them"
        )
    steps = PRESETS[name](height, width)

    @torch.no_grad()
    def augment(images: Tensor) -> Tensor:
        for step in steps:
            images = step(images) if len(images) else images
        return images.clamp(0, 1)  # what rounding adds

    return augment


def _light(height: int, width: int) -> Sequence[Step]:
    import kornia.augmentation as K  # noqa: N812 - the name that everybody gives it

    return [
        *_turned_and_lit(height, width),
        K.RandomAffine(15.0, translate=(0.1, 0.1), scale=(0.9, 1.1), padding_mode="reflection", p=0.75),
    ]


def _turned_and_lit(height: int, width: int) -> Sequence[Step]:
    """Return what `light` and `siim` begin with, as in the code of the SIIM-ISIC winners."""
    import kornia.augmentation as K  # noqa: N812

    return [
        # Transpose(p=0.5): for squares; others would change their shape, so they are only flipped.
        *([sometimes(0.5, transposed)] if height == width else []),
        # VerticalFlip(p=0.5), HorizontalFlip(p=0.5): the same.
        K.RandomVerticalFlip(p=0.5),
        K.RandomHorizontalFlip(p=0.5),
        # RandomBrightness(limit=0.2, p=0.75): the same, a number is added.
        K.RandomBrightness((0.8, 1.2), p=0.75),
        # RandomContrast(limit=0.2, p=0.75): the same, values are multiplied (black stays, not the mean).
        K.RandomContrast((0.8, 1.2), p=0.75),
    ]


def _siim(height: int, width: int) -> Sequence[Step]:
    import kornia.augmentation as K  # noqa: N812

    return [
        *_turned_and_lit(height, width),
        one_of(
            0.7,
            # MotionBlur(blur_limit=5): 3 or 5 pixels, the side drawn for a batch, direction for each image. All four:
            # of the input's pixels, which are 2 to 9 of theirs, so that the same number blurs more.
            K.RandomMotionBlur((3, 5), 180.0, 1.0, border_type="reflect", resample="bilinear", p=1.0),
            # MedianBlur(blur_limit=5): sides 3 and 5.
            one_of(1.0, K.RandomMedianBlur((3, 3), p=1.0), K.RandomMedianBlur((5, 5), p=1.0)),
            # GaussianBlur(blur_limit=5): OpenCV's sigma of sides 3 and 5 is 0.8 and 1.1; here any between.
            K.RandomGaussianBlur((5, 5), (0.8, 1.1), p=1.0),
            # GaussNoise(var_limit=(5, 30)), of values 0 .. 255. Kornia's noise has one strength for a batch: ours.
            lambda images: noise(images, 5.0, 30.0),
        ),
        one_of(
            0.7,
            # OpticalDistortion(distort_limit=1.0). Kornia's nearest, RandomFisheye, has another lens: ours, the same.
            lambda images: distort_lens(images, 1.0),
            # GridDistortion(num_steps=5, distort_limit=1.0). Kornia's nearest, RandomThinPlateSpline, bends and takes
            # ten times as long: ours, the same.
            lambda images: distort_grid(images, 5, 1.0),
            # ElasticTransform(alpha=3): 3 pixels of noise smoothed over 50 are a hundredth of a pixel; what moved
            # their images was its alpha_affine of 50 pixels. Here waves that move 3 % of half a side, on average.
            elastic(height, width),
        ),
        # CLAHE(clip_limit=4.0, p=0.7), of lightness alone. Kornia's RandomClahe takes red, green and blue apart, which
        # would take the colour out of skin: here the brightness of YCbCr, theirs is that of CIELAB.
        sometimes(0.7, clahe(4.0)),
        # HueSaturationValue(10, 20, 10, p=0.5) of 180, 255, 255. Kornia's saturation multiplies: ours, the same.
        sometimes(0.5, lambda images: shifted_hsv(images, 10 / 180, 20 / 255, 10 / 255)),
        # ShiftScaleRotate(0.1, 0.1, 15, border_mode=0, p=0.85): the same, on black.
        K.RandomAffine(15.0, translate=(0.1, 0.1), scale=(0.9, 1.1), p=0.85),
        # Cutout(max_h_size=0.375 side, max_w_size=0.375 side, num_holes=1, p=0.7): a black rectangle of that share of
        # the area, here always whole inside the image, where theirs may be cut by its border.
        K.RandomErasing((0.375**2, 0.375**2), (height / width, height / width), p=0.7),
    ]


def _randaugment(height: int, width: int) -> Sequence[Step]:  # noqa: ARG001 - one signature for all presets
    import kornia.augmentation as K  # noqa: N812

    m = 9 / 30  # of each range; theirs is the one strength, here the largest of those drawn
    choices: list[Step] = [
        lambda images: images,
        K.RandomAutoContrast(p=1.0),
        K.RandomEqualize(p=1.0),
        K.RandomRotation(30 * m, p=1.0),
        K.RandomSolarize(thresholds=(1 - m, 1.0), additions=0.0, p=1.0),
        K.RandomSaturation((1 - 0.9 * m, 1 + 0.9 * m), p=1.0),
        K.RandomPosterize((8 - round(4 * m), 8), p=1.0),
        K.RandomContrast((1 - 0.9 * m, 1 + 0.9 * m), p=1.0),
        K.RandomBrightness((1 - 0.9 * m, 1 + 0.9 * m), p=1.0),
        K.RandomSharpness(0.9 * m, p=1.0),
        K.RandomShear((-17 * m, 17 * m, 0.0, 0.0), p=1.0),  # 0.3 is the tangent of 17 degrees
        K.RandomShear((0.0, 0.0, -17 * m, 17 * m), p=1.0),
        K.RandomTranslate((-m / 3, m / 3), p=1.0),
        K.RandomTranslate(None, (-m / 3, m / 3), p=1.0),
    ]
    return [one_of(1.0, *choices), one_of(1.0, *choices)]


PRESETS: dict[str, Callable[[int, int], Sequence[Step]]] = {
    "none": lambda height, width: [],  # noqa: ARG005
    "light": _light,
    "siim": _siim,
    "randaugment": _randaugment,
}
