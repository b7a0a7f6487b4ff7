import pytest

from automl_skin.errors import BackboneError, ConfigError
from automl_skin.steps.networks import frozen_networks
from automl_skin.study.study import settings_of


def config(**settings):
    return settings_of(
        {}, {"weights": "random", "backbone": ["test_resnet", "test_vit"], **settings}, "the test"
    )


def test_every_backbone_by_every_colour():
    sets = frozen_networks(config(size="32x40", backbone=["test_resnet"], colour=["none", "shades_of_grey"]))
    assert [each.name for each in sets] == ["test_resnet.random@plain", "test_resnet.random@grey"]
    assert {(each.recipe.height, each.recipe.width) for each in sets} == {(32, 40)}


def test_unknown_backbone_is_named():
    with pytest.raises(BackboneError, match="test_resnett"):
        frozen_networks(config(backbone=["test_resnett"]))


def test_flips_must_fit_the_input():
    with pytest.raises(ConfigError, match="8"):
        frozen_networks(config(backbone=["test_resnet"], size="32x40", views=8))
    assert frozen_networks(config(backbone=["test_resnet"], size="40", views=8))


def test_photographs_are_fitted_as_the_study_says():
    (plain,) = frozen_networks(config(backbone=["test_resnet"], size="32"))
    (cut,) = frozen_networks(config(backbone=["test_resnet"], size="32", fit="crop", resize="40x48"))
    assert (plain.recipe.fit, plain.recipe.resize) == ("squash", None)
    assert (cut.recipe.fit, cut.recipe.resize) == ("crop", (40, 48))
    assert plain.recipe.digest != cut.recipe.digest
    with pytest.raises(ConfigError, match="expected at least the 32 x 32 pixels that it cuts out"):
        frozen_networks(config(backbone=["test_resnet"], size="32", resize="24"))
