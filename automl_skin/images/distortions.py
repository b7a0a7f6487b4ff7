"""Distortions of batches by a map that says where each pixel is taken from, with parameters of each image's own.

Images are float32 of shape (n, channels, height, width); what lies outside is reflected. Random numbers come
from torch's global generator.
"""

import torch
from torch import Tensor

_MAX_SHIFT = 0.05  # of a side: how far the optical centre moves, as in albumentations


def optical(images: Tensor, limit: float) -> Tensor:
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


def grid(images: Tensor, steps: int, limit: float) -> Tensor:
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
