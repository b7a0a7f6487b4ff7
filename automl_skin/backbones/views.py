"""Views: the same photograph flipped, so that an embedding does not depend on how the camera was held."""

from collections.abc import Iterator

import torch

from automl_skin.errors import ConfigError

VIEWS = (1, 4, 8)

_FLIPS: tuple[tuple[int, ...], ...] = ((), (3,), (2,), (2, 3))


def check_views(views: int, height: int, width: int) -> None:
    """Refuse a number of views that does not exist or does not fit the size.

    Raises
    ------
    ConfigError
        If `views` is not 1, 4 or 8, or is 8 for images that are not square.
    """
    if views not in VIEWS:
        raise ConfigError(f"expected views to be one of {', '.join(map(str, VIEWS))}, got {views}")
    if views == max(VIEWS) and height != width:
        message = f"8 views need square images, since four of them are transposed; got {height} x {width}"
        raise ConfigError(f"{message}; choose 4 views or a square size")


def each_view(images: torch.Tensor, views: int) -> Iterator[torch.Tensor]:
    """Give the views of images (n, channels, height, width): 1 as it is, 4 flipped, 8 also transposed."""
    for axes in _FLIPS[: min(views, 4)]:
        yield images.flip(axes) if axes else images
    if views == max(VIEWS):
        yield from each_view(images.transpose(2, 3), 4)


def undo_view(maps: torch.Tensor, position: int) -> torch.Tensor:
    """Return a map that was computed on one of `each_view`, in the orientation of the image.

    Parameters
    ----------
    maps : Tensor of shape (n, height, width)
    position : int
        Of the view, counted from 0.
    """
    axes = tuple(axis - 1 for axis in _FLIPS[position % len(_FLIPS)])  # no channels
    upright = maps.flip(axes) if axes else maps
    return upright.transpose(1, 2) if position >= len(_FLIPS) else upright
