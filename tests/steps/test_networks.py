import pytest

from automl_skin.errors import BackboneError, ConfigError
from automl_skin.steps.networks import embedding_sets
from automl_skin.study.study import settings_of


def config(**settings):
    return settings_of(
        {}, {"weights": "random", "backbone": ["test_resnet", "test_vit"], **settings}, "the test"
    )


def test_every_backbone_by_every_colour():
    sets = embedding_sets(config(size="32x40", backbone=["test_resnet"], colour=["none", "shades_of_grey"]))
    assert [each.name for each in sets] == ["test_resnet.random@plain", "test_resnet.random@grey"]
    assert {(each.recipe.height, each.recipe.width) for each in sets} == {(32, 40)}


def test_unknown_backbone_is_named():
    with pytest.raises(BackboneError, match="test_resnett"):
        embedding_sets(config(backbone=["test_resnett"]))


def test_flips_must_fit_the_input():
    with pytest.raises(ConfigError, match="8"):
        embedding_sets(config(backbone=["test_resnet"], size="32x40", views=8))
    assert embedding_sets(config(backbone=["test_resnet"], size="40", views=8))


def test_photographs_are_fitted_as_the_study_says():
    (plain,) = embedding_sets(config(backbone=["test_resnet"], size="32"))
    (cut,) = embedding_sets(config(backbone=["test_resnet"], size="32", fit="crop", resize="40x48"))
    assert (plain.recipe.fit, plain.recipe.resize) == ("squash", None)
    assert (cut.recipe.fit, cut.recipe.resize) == ("crop", (40, 48))
    assert plain.recipe.digest != cut.recipe.digest
    with pytest.raises(ConfigError, match="cuts out 32 x 32 pixels must resize to as many or more"):
        embedding_sets(config(backbone=["test_resnet"], size="32", resize="24"))
