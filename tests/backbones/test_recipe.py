import pytest

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.recipe import default_recipe
from automl_skin.errors import BackboneError


def test_the_recipe_is_that_of_the_weights():
    recipe = default_recipe(resolve_backbone("vit_tiny_patch16_224.random"))
    assert (recipe.height, recipe.width, recipe.mean, recipe.fit) == (224, 224, (0.5, 0.5, 0.5), "squash")


def test_size_and_colour_can_be_chosen():
    recipe = default_recipe(resolve_backbone("resnet18.random"), 48, 64, "shades_of_grey")
    assert (recipe.height, recipe.width, recipe.colour) == (48, 64, "shades_of_grey")


def test_a_network_of_one_size_refuses_others():
    with pytest.raises(BackboneError, match=r"takes images of 224 x 224 pixels only, got 64 x 64"):
        default_recipe(resolve_backbone("vit_tiny_patch16_224.random"), 64, 64)
