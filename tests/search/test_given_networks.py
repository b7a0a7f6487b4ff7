"""What a search chooses from where photographs are not given, or vectors stand beside networks."""

import pytest

from automl_skin.chains.config import ChainConfig
from automl_skin.errors import ConfigError
from automl_skin.networks import GIVEN, NetworkId
from automl_skin.records import from_plain, to_plain
from automl_skin.search.known import baselines, fixed_trials, list_ranking_trials
from automl_skin.search.propose import propose
from automl_skin.search.space import Given, SpaceOptions, choose_chain

ALONE = SpaceOptions((), (), diagnosis=True)
MIXED = SpaceOptions(("derm", "net"), ("plain", "grey"), given=("derm",))
VECTORS = SpaceOptions(("derm",), (), given=("derm",))


def test_without_photographs_metadata_alone_is_searched():
    assert ALONE.usable_fusions == ("metadata",)
    assert list(baselines(ALONE)) == ["metadata alone"]
    configs = [each.plan.config for each in fixed_trials(ALONE)]
    assert {config.fusion for config in configs} == {"metadata"}
    assert len(configs) == len(set(configs)) == 12  # no family as it is by default twice
    drawn = [propose(number, [], [], ALONE, 0, "random").plan.config for number in range(30)]
    assert {config.fusion for config in drawn} == {"metadata"}
    assert len({config.family for config in drawn}) > 3


def test_nothing_to_learn_from_is_an_error():
    with pytest.raises(
        ConfigError, match=r"expected photographs, vectors of them \(--embeddings\) or metadata"
    ):
        SpaceOptions((), (), has_metadata=False)
    with pytest.raises(ConfigError, match="and metadata, without photographs, got concat"):
        SpaceOptions((), (), fusions=("concat",))


def test_given_vectors_have_no_recipe():
    derm = NetworkId("derm", GIVEN)
    assert MIXED.frozen == (derm, NetworkId("net", "plain"), NetworkId("net", "grey"))
    assert MIXED.tunable == MIXED.frozen[1:]
    assert [each.plan.config.networks for each in list_ranking_trials(MIXED)] == [
        (each,) for each in MIXED.tunable
    ]
    assert baselines(MIXED)["image alone"].networks == (derm, NetworkId("net", "plain"))
    assert VECTORS.frozen == (derm,)
    assert baselines(VECTORS)["image alone"].recipe == GIVEN


def test_a_recipe_is_asked_for_where_pixels_have_one():
    alone = Given({"fusion": "image", "backbone": "derm"})
    assert choose_chain(alone, MIXED).networks == (NetworkId("derm", GIVEN),)
    assert "recipe" not in alone.asked
    both = choose_chain(Given({"fusion": "image", "backbone": "derm+net", "recipe": "grey"}), MIXED)
    assert both.networks == (NetworkId("derm", GIVEN), NetworkId("net", "grey"))
    assert (both.recipe, both.backbones) == ("grey", ("derm", "net"))
    assert from_plain(ChainConfig, to_plain(both), "a test") == both


def test_two_recipes_of_pixels_in_a_chain_are_refused_all_the_same():
    (head,) = baselines(MIXED)["image alone"].branches
    networks = (NetworkId("derm", GIVEN), NetworkId("net", "plain"), NetworkId("other", "grey"))
    with pytest.raises(ConfigError, match="expected one recipe and tuning"):
        ChainConfig("image", (head,), networks)
