"""The recipe that a backbone's weights expect."""

from typing import Literal

from automl_skin.backbones.catalogue import Backbone
from automl_skin.images.recipe import Recipe


def default_recipe(
    backbone: Backbone,
    height: int | None = None,
    width: int | None = None,
    colour: Literal["none", "shades_of_grey"] = "none",
) -> Recipe:
    """Return the recipe with the backbone's normalisation, interpolation and, unless given, size."""
    raise NotImplementedError
