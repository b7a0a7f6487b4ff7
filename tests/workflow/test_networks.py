import pytest

from automl_skin.errors import BackboneError, ConfigError
from automl_skin.workflow.networks import embedding_sets
from automl_skin.workflow.study import settings_of


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
