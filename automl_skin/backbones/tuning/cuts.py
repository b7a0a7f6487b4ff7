"""Cuts: a piece of each image as the network's input, anywhere in training, in the centre otherwise."""

import torch
from torch import Tensor


def cut_anywhere(pixels: Tensor, height: int, width: int) -> Tensor:
    """Return a piece of each image, each from a place of its own; torch's generator draws the places.

    Parameters
    ----------
    pixels : Tensor of shape (n, any height, any width, 3)
        Not smaller than the piece.
    height, width : int
        Of the piece, pixels.

    Examples
    --------
    >>> cut_anywhere(torch.zeros(2, 300, 300, 3), 224, 224).shape
    torch.Size([2, 224, 224, 3])
    """
    n, device = len(pixels), pixels.device
    tops = torch.randint(pixels.shape[1] - height + 1, (n, 1), device=device)
    lefts = torch.randint(pixels.shape[2] - width + 1, (n, 1), device=device)
    rows = tops + torch.arange(height, device=device)
    columns = lefts + torch.arange(width, device=device)
    return pixels[torch.arange(n, device=device)[:, None, None], rows[:, :, None], columns[:, None, :]]


def cut_centre(pixels: Tensor, height: int, width: int) -> Tensor:
    """Return the centre of each image, as `automl_skin.images.recipe.centre` does of arrays."""
    top, left = (pixels.shape[1] - height) // 2, (pixels.shape[2] - width) // 2
    return pixels[:, top : top + height, left : left + width]
