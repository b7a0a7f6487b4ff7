"""The steps of augmentation that kornia has not, or has for whole batches only; see `augment.py`.

A step takes images (n, 3, height, width), float32 in 0 .. 1, and gives such images. Random numbers come from torch's
global generator, drawn on the CPU where they are few, so that a seed means much the same on every device.
Distortions take each pixel from where a map says, with parameters of each image's own; what lies outside is reflected.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Step = Callable[[Tensor], Tensor]

_MAX_SHIFT = 0.05  # of a side: how far the optical centre moves, as in albumentations
_WAVE = 8  # an elastic wave is this part of the shorter side
_ELASTIC_GAIN = 0.2  # noise smoothed over s pixels keeps a deviation of 0.16 / s: 0.2 s times that is 3 %


def sometimes(p: float, step: Step) -> Step:
    """Return a step that is taken by each image with probability `p`."""
    return one_of(p, step)


def one_of(p: float, *steps: Step) -> Step:
    """Return a step that sends each image with probability `p` through one of the steps, all equally likely."""

    def apply(images: Tensor) -> Tensor:
        chosen = torch.randint(len(steps), (len(images),))
        chosen[torch.rand(len(images)) >= p] = -1
        result = images.clone()
        for position, step in enumerate(steps):
            rows = (chosen == position).nonzero()[:, 0].to(images.device)
            if len(rows):
                result[rows] = step(images[rows])
        return result

    return apply


def transposed(images: Tensor) -> Tensor:
    """Swap rows and columns of square images."""
    return images.transpose(2, 3)


def noise(images: Tensor, low: float, high: float) -> Tensor:
    """Add Gaussian noise of a variance between `low` and `high`, of values 0 .. 255."""
    deviation = (low + (high - low) * torch.rand(len(images))).sqrt() / 255
    noisy = images + torch.randn_like(images) * deviation.to(images.device)[:, None, None, None]
    return noisy.clamp_(0, 1)


def shifted_hsv(images: Tensor, hue: float, saturation: float, value: float) -> Tensor:
    """Shift hue (1 is the whole circle), saturation and value (of 0 .. 1) by up to so much, each image by its own."""
    from kornia.color import hsv_to_rgb, rgb_to_hsv

    limits = torch.tensor([hue * 2 * torch.pi, saturation, value])
    shifts = ((torch.rand(len(images), 3) * 2 - 1) * limits).to(images.device)[:, :, None, None]
    hsv = rgb_to_hsv(images) + shifts
    rgb: Tensor = hsv_to_rgb(torch.cat([hsv[:, :1] % (2 * torch.pi), hsv[:, 1:].clamp(0, 1)], dim=1))
    return rgb


def clahe(limit: float) -> Step:
    """Return contrast-limited adaptive equalisation of brightness on 8 x 8 tiles, clipped at 1 .. `limit`."""
    import kornia.augmentation as K  # noqa: N812 - the name that everybody gives it
    from kornia.color import rgb_to_ycbcr, ycbcr_to_rgb

    equalize = K.RandomClahe((1.0, limit), grid_size=(8, 8), p=1.0)

    def apply(images: Tensor) -> Tensor:
        ycbcr = rgb_to_ycbcr(images)
        brightness = equalize(ycbcr[:, :1].clamp(0, 1))
        rgb: Tensor = ycbcr_to_rgb(torch.cat([brightness, ycbcr[:, 1:]], dim=1))
        return rgb

    return apply


def elastic(height: int, width: int) -> Step:
    """Return waves of an eighth of the shorter side that move pixels by 3 % of half a side, on average."""
    import kornia.augmentation as K  # noqa: N812

    sigma = max(1.0, min(height, width) / _WAVE)
    side = 2 * int(1.9 * sigma) + 1  # below half the image, which is what reflection can give
    alpha = _ELASTIC_GAIN * sigma
    step: Step = K.RandomElasticTransform(
        (side, side), (sigma, sigma), (alpha, alpha), padding_mode="reflection", p=1.0
    )
    return step


def distort_lens(images: Tensor, limit: float) -> Tensor:
    r"""Bend images like a lens, by OpenCV's radial model with both coefficients k.

    A pixel at distance :math:`r` from the centre, in widths of the image, is taken from :math:`r (1 + k r^2 + k r^4)`.

    Parameters
    ----------
    images : Tensor of shape (n, channels, height, width)
    limit : float
        k is uniform in -limit .. limit; below 0 the centre is enlarged.
    """
    n, _, height, width = images.shape
    k = _uniform(n, limit)
    centre = torch.stack([_uniform(n, _MAX_SHIFT), _uniform(n, _MAX_SHIFT)]).to(images.device)
    x = _positions(width).to(images)[None, None, :] - width / 2 - centre[0, :, None, None] * width
    y = _positions(height).to(images)[None, :, None] - height / 2 - centre[1, :, None, None] * height
    square = (x**2 + y**2) / width**2
    factor = 1 + k.to(images)[:, None, None] * (square + square**2)
    return _taken_from(images, x * factor + width / 2, y * factor + height / 2)


def distort_grid(images: Tensor, steps: int, limit: float) -> Tensor:
    """Stretch and squeeze the columns and the rows of a grid, each by 1 - limit .. 1 + limit.

    Parameters
    ----------
    images : Tensor of shape (n, channels, height, width)
    steps : int
        Cells per side.
    limit : float
        At most 1, where a cell may vanish.
    """
    n, _, height, width = images.shape
    x = _stretched(n, width, steps, limit).to(images)[:, None, :].expand(n, height, width)
    y = _stretched(n, height, steps, limit).to(images)[:, :, None].expand(n, height, width)
    return _taken_from(images, x, y)


def _stretched(n: int, length: int, steps: int, limit: float) -> Tensor:
    """Return where n x length positions are taken from when each of the cells has a scale of its own."""
    scales = (1 + _uniform(n * steps, limit)).reshape(n, steps)
    knots = torch.cat([torch.zeros(n, 1), scales.cumsum(1)], dim=1) / steps
    place = _positions(length) / length * steps
    cell = place.long().clamp_(max=steps - 1)
    return (knots[:, cell] + (place - cell) * scales[:, cell] / steps) * length


def _positions(length: int) -> Tensor:
    return torch.arange(length, dtype=torch.float32) + 0.5


def _uniform(n: int, limit: float) -> Tensor:
    return (torch.rand(n) * 2 - 1) * limit


def _taken_from(images: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Sample images at positions (n, height, width), pixels from the upper left corner."""
    height, width = images.shape[2:]
    where = torch.stack([x / width, y / height], dim=-1) * 2 - 1
    return torch.nn.functional.grid_sample(images, where, padding_mode="reflection", align_corners=False)
