"""The recipe that a backbone's weights expect."""

from typing import Literal

from automl_skin.backbones.catalogue import Backbone
from automl_skin.errors import BackboneError
from automl_skin.images.recipe import Recipe


def default_recipe(
    backbone: Backbone,
    height: int | None = None,
    width: int | None = None,
    colour: Literal["none", "shades_of_grey"] = "none",
    fit: Literal["squash", "crop"] = "squash",
    resize: tuple[int, int] | None = None,
) -> Recipe:
    """Return the recipe with the backbone's normalisation, interpolation and, unless given, size.

    Photographs are squashed unless a crop is asked for: lesions reach the border too often to cut it off.

    Raises
    ------
    BackboneError
        If the network was built for one size only and another is asked for (see `at_size`).
    ConfigError
        If `resize` is smaller than the input.
    """
    size = (height or backbone.height, width or backbone.width)
    if backbone.fixed_size and size != (backbone.height, backbone.width):
        message = f"{backbone.name} takes images of {backbone.height} x {backbone.width} pixels only"
        raise BackboneError(
            f"{message}, got {size[0]} x {size[1]}; leave the size out or choose another backbone"
        )
    interpolation: Literal["bilinear", "bicubic"] = (
        "bilinear" if backbone.interpolation == "bilinear" else "bicubic"
    )
    return Recipe(*size, fit, interpolation, backbone.mean, backbone.std, colour, resize)
