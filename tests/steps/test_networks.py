import dataclasses
import json

import pytest

from automl_skin.backbones.tuning.names import Tuning
from automl_skin.chains.config import OWN, BranchConfig, ChainConfig
from automl_skin.errors import BackboneError, ConfigError
from automl_skin.export.facts import BundleEmbedding
from automl_skin.heads.catalogue import HEADS
from automl_skin.images.recipe import Recipe
from automl_skin.networks import NetworkId
from automl_skin.records import from_plain, to_plain
from automl_skin.search.tuning_steps import Decision, StepOutcome, TunedNetwork, TuningStep
from automl_skin.steps.networks import frozen_networks
from automl_skin.study.round_files import Round
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


NETWORK = NetworkId("net", "grey", "full-6-epochs", (0, 2), "close-up")
"""With a value of its own in every field."""


def test_a_network_is_kept_whole_wherever_it_is_kept():
    assert all(getattr(NETWORK, field.name) != field.default for field in dataclasses.fields(NETWORK))
    frozen = NetworkId("net", "plain")
    tuned = TunedNetwork(NETWORK, folder="digest")
    outcome = StepOutcome(TuningStep(frozen, Tuning("full", {"epochs": "6"})), "finished", networks=(tuned,))
    embedding = BundleEmbedding(NETWORK, "folder", "digest", Recipe(32, 40), 1, "float32")
    for record in (Round(0, Decision("tuning", (outcome.step,), "why"), (outcome,)), embedding):
        back = from_plain(type(record), json.loads(json.dumps(to_plain(record))), "a file")
        assert to_plain(back) == to_plain(record)
    assert back.network == NETWORK
    tower = NETWORK.without((), NETWORK.role)
    config = ChainConfig(
        "image", (BranchConfig(OWN, HEADS[OWN].config()),), (tower,), way=OWN, roles=("close-up",)
    )
    assert from_plain(ChainConfig, json.loads(json.dumps(to_plain(config))), "a file").networks == (tower,)
