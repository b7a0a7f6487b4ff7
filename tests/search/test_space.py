from dataclasses import replace

import numpy as np
import pytest

from automl_skin.chains.config import FUSIONS, WAYS, ChainConfig
from automl_skin.errors import ConfigError
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.heads.neural.fusions.catalogue import NEURAL_FUSIONS
from automl_skin.heads.space import Categorical, Integer
from automl_skin.networks import NetworkId
from automl_skin.papers.cells import AsPublished
from automl_skin.records import from_plain, to_plain
from automl_skin.search.space import SEARCHED_FUSIONS, Given, SpaceOptions, choose_chain

OPTIONS = SpaceOptions(
    ("a", "b", "c"), ("plain", "grey"), tuple(FAMILIES), fusions=tuple(FUSIONS), diagnosis=True
)


class Dice:
    """Answers at random; remembers what was asked."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.asked, self.params = {}, {}

    def choose(self, name, values, default):
        assert values.contains(default), name
        self.asked[name] = values
        self.params[name] = self.draw(values)
        return self.params[name]

    def draw(self, values):
        if isinstance(values, Categorical):
            return values.values[self.rng.integers(len(values.values))]
        if isinstance(values, Integer):
            return int(self.rng.integers(values.low, values.high + 1))
        return float(self.rng.uniform(values.low, values.high))


@pytest.fixture(scope="module")
def thrown():
    """Five hundred chains at random."""
    dice = [Dice(seed) for seed in range(500)]
    return dice, [choose_chain(each, OPTIONS) for each in dice]


def test_every_choice_is_reached(thrown):
    _, configs = thrown
    assert {config.fusion for config in configs} == set(FUSIONS)
    assert {config.family for config in configs} == set(FAMILIES)
    assert {config.recipe for config in configs if config.uses_image} == {"plain", "grey"}
    assert {"+".join(config.backbones) for config in configs if config.uses_image} == set(
        OPTIONS.backbone_sets
    )
    assert {config.labels for config in configs} == {"target", "diagnosis"}
    assert {config.weighting for config in configs} == {"none", "sqrt", "balanced"}
    assert {config.components is None for config in configs} == {True, False}


def test_a_question_always_has_the_same_answers_on_offer(thrown):
    seen = {}
    for dice in thrown[0]:
        for name, values in dice.asked.items():
            assert seen.setdefault(name, values) == values


def test_chains_fit_their_fusion(thrown):
    for config in thrown[1]:
        fusion = FUSIONS[config.fusion]
        assert len(config.branches) == len(fusion.branches)
        assert FAMILIES[config.family].neural or not fusion.neural
        assert bool(config.backbones) == bool(config.recipe) == config.uses_image
        assert config.uses_image or config.components is None
        assert not FAMILIES[config.family].of_trees or not config.uses_image or config.components
        assert (
            config.branches[0].head.fusion == (config.fusion if fusion.neural else "concat")
            if config.family == "mlp"
            else True
        )


def test_answers_give_the_chain_again(thrown):
    for dice, config in zip(*thrown, strict=True):
        chooser = Given(dice.params)
        assert choose_chain(chooser, OPTIONS) == config
        assert (chooser.params, chooser.asked) == (dice.params, dice.asked)
        assert from_plain(ChainConfig, to_plain(config), "a file") == config


def test_what_is_asked_matters(thrown):
    """No question is idle: another answer is another chain (an optimiser would learn noise from it)."""
    for dice, config in list(zip(*thrown, strict=True))[:100]:
        for name, values in dice.asked.items():
            options = values.values if isinstance(values, Categorical) else (values.low, values.high)
            other = next((value for value in options if value != dice.params[name]), None)
            if other is None:  # the rest is set by name and never searched
                assert values.by_name
                continue
            assert choose_chain(Given({**dice.params, name: other}), OPTIONS) != config, name


def test_an_answer_that_is_not_on_offer_gets_the_default():
    options = replace(OPTIONS, families=("logistic", "lightgbm"), fusions=("image", "concat"))
    chooser = Given({"fusion": "late", "head": "mlp", "labels": "stage", "weighting": "sqrt"})
    config = choose_chain(chooser, options)
    assert (config.fusion, config.family, config.labels, config.weighting) == (
        "concat",
        "logistic",
        "target",
        "sqrt",
    )


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ({"fusion": "concat", "concat_layers": 0}, {"concat_layers"}),
        ({"fusion": "concat", "concat_layers": 2}, {"concat_layers", "concat_shape", "concat_width"}),
        ({"fusion": "metanet"}, {"metanet_layers", "metanet_shape", "metanet_width"}),
        ({"fusion": "yap", "yap_layers": 0}, {"yap_layers"}),
        ({"fusion": "film", "film_layers": 1}, {"film_layers"}),
        ({"fusion": "metablock", "mlp_layers": 0}, {"metablock_norm"}),
    ],
)
def test_settings_of_a_fusion_are_asked_where_they_matter(answers, asked):
    found = ask(OPTIONS, {"head": "mlp", **answers})
    assert {name for name in found if name.startswith(f"{answers['fusion']}_")} == asked
    assert "modality_dropout" in found
    assert ("mlp_width" in found) == (answers.get("mlp_layers") != 0 and answers["fusion"] != "yap")


def test_widths_of_the_image_are_never_searched(thrown):
    """With 3,840 columns two such trials took half of a search; studies of papers set them by name."""
    shapes = {dice.params.get(f"{fusion}_shape") for dice in thrown[0] for fusion in NEURAL_FUSIONS}
    assert shapes == {None, "narrow"}
    answers = {"fusion": "metanet", "head": "mlp", "metanet_shape": "published"}
    assert choose_chain(Given(answers), OPTIONS).branches[0].head.fusion_settings.shape == "narrow"
    by_name = choose_chain(AsPublished(answers), OPTIONS)
    assert by_name.branches[0].head.fusion_settings.shape == "published"
    assert from_plain(ChainConfig, to_plain(by_name), "a file") == by_name


def test_fusions_begin_in_their_published_form():
    chains = {name: Given({"fusion": name}) for name in ("ha", "yap", "metablock")}
    heads = {name: choose_chain(each, OPTIONS).branches[0].head for name, each in chains.items()}
    assert (heads["ha"].layers, heads["yap"].layers, heads["metablock"].layers) == (0, 0, 1)
    assert (heads["ha"].fusion_settings.hidden, heads["yap"].fusion_settings.width) == (512, 1024)


def test_answers_of_before_there_were_other_fusions_give_the_same_chain():
    """As trials were recorded when MetaNet had two settings and the heads at least one hidden layer."""
    old = {"fusion": "metanet", "mlp_layers": 2, "mlp_width": 32, "metanet_layers": 3, "metanet_width": 16}
    head = choose_chain(Given(old), OPTIONS).branches[0].head
    assert (head.layers, head.width, head.modality_dropout) == (2, 32, 0.0)
    settings = head.fusion_settings
    assert (settings.layers, settings.shape, settings.width) == (3, "narrow", 16)


def test_fusions_that_are_not_searched_by_default_are_there_by_name():
    assert set(SEARCHED_FUSIONS) < set(FUSIONS)
    options = replace(OPTIONS, fusions=SEARCHED_FUSIONS)
    assert choose_chain(Given({"fusion": "gmu"}), options).fusion == "concat"
    assert choose_chain(Given({"fusion": "gmu"}), replace(options, fusions=("gmu",))).fusion == "gmu"


def test_without_metadata_only_the_image_is_left():
    assert replace(OPTIONS, has_metadata=False).usable_fusions == ("image",)
    assert "metanet" not in replace(OPTIONS, families=("lightgbm",)).usable_fusions


@pytest.mark.parametrize(
    "values",
    [{"fusions": ("metadata",), "has_metadata": False}, {"fusions": ("metanet",), "families": ("logistic",)}],
)
def test_an_empty_space_is_refused(values):
    with pytest.raises(ConfigError, match="expected a fusion that is possible with the heads"):
        replace(OPTIONS, **values)


def test_many_backbones_keep_the_sets_few():
    names = tuple("abcdefgh")
    sets = SpaceOptions(names, ("plain",)).backbone_sets
    assert len(sets) == 16
    assert sets[:8] == names
    assert sets[-1] == "+".join(names)


# Tuned networks.

FULL, ROBUST = NetworkId("a", "plain", "full"), NetworkId("b", "grey", "robust")
TUNED = replace(OPTIONS, tuned=(FULL, ROBUST), ways=WAYS)


@pytest.fixture(scope="module")
def tuned_thrown():
    dice = [Dice(seed) for seed in range(500)]
    return dice, [choose_chain(each, TUNED) for each in dice]


def test_every_way_of_every_tuned_set_is_reached(tuned_thrown):
    _, configs = tuned_thrown
    seen = {
        (*config.backbones, config.recipe, config.tuning, config.way) for config in configs if config.is_tuned
    }
    assert seen == {(each.backbone, each.recipe, each.tuning, way) for each in (FULL, ROBUST) for way in WAYS}
    fitted = [config for config in configs if config.is_tuned and config.way != "own"]
    assert {config.fusion for config in fitted} == set(FUSIONS) - {"metadata"}
    own = [config for config in configs if config.way == "own"]
    assert {config.fusion for config in own} == {"image", "late", "rank"}
    assert {config.labels for config in own} == {"diagnosis"}


def test_questions_of_tuned_networks_have_the_same_answers_too(tuned_thrown):
    test_a_question_always_has_the_same_answers_on_offer(tuned_thrown)


def test_frozen_networks_are_asked_what_they_were_asked_before():
    for seed in range(50):
        before, after = Dice(seed), Given({})
        config = choose_chain(before, OPTIONS)
        after.answers = before.params
        assert choose_chain(after, TUNED) == config
        assert after.params == {"tuning": "frozen", **before.params}
        assert list(after.asked) == ["tuning", *before.asked]


def test_a_chain_is_found_again_by_its_answers_when_the_space_has_grown(tuned_thrown):
    more = replace(TUNED, tuned=(*TUNED.tuned, NetworkId("c", "plain", "head")))
    for dice, config in zip(*tuned_thrown, strict=True):
        assert choose_chain(Given(dice.params), more) == config


def test_without_an_image_fusion_the_own_head_alone_is_left():
    options = replace(TUNED, fusions=("metadata",))
    assert options.usable_ways == ("own",)
    assert options.own_fusions == ("image",)
    within = replace(options, ways=("within",))
    assert within.tunings == ("frozen",)
    assert "tuning" not in ask(within)


def test_where_there_is_one_way_it_is_not_asked():
    assert "way" not in ask(replace(TUNED, ways=("logits",)), {"tuning": str(FULL)})


def ask(options, answers=()):
    chooser = Given(dict(answers))
    choose_chain(chooser, options)
    return chooser.asked


# Kinds of photograph.

PAIRS = replace(OPTIONS, roles=("close-up", "dermoscopic"))


@pytest.mark.parametrize(
    ("answer", "roles"),
    [
        ("close-up", ("close-up",)),
        ("dermoscopic", ("dermoscopic",)),
        ("close-up+dermoscopic", ()),
        ("histology", ()),
    ],
)
def test_kinds_of_photograph_are_chosen_and_all_have_no_name(answer, roles):
    asked = Given({"roles": answer, "fusion": "image"})
    assert choose_chain(asked, PAIRS).roles == roles
    assert asked.asked["roles"].values == ("close-up", "dermoscopic", "close-up+dermoscopic")


def test_kinds_of_photograph_are_asked_for_where_there_are_several_and_an_image():
    for options, answers in ((PAIRS, {"fusion": "metadata"}), (OPTIONS, {"fusion": "image"})):
        asked = Given(answers)
        assert choose_chain(asked, options).roles == ()
        assert "roles" not in asked.asked


@pytest.mark.parametrize("way", ["within", "own"])
def test_towers_are_named_also_where_a_chain_sees_all(way):
    tuned = NetworkId("a", "plain", "full")
    options = replace(PAIRS, tuned=(tuned,), towers=True, ways=("within", "own"))
    chain = choose_chain(Given({"tuning": str(tuned), "way": way}), options)
    assert chain.towers
    assert chain.roles == PAIRS.roles
    one = choose_chain(Given({"tuning": str(tuned), "way": way, "roles": "close-up"}), options)
    assert one.image_names(1, 3) == ("a@plain@full@close-up.without-1",)
    shared = replace(options, towers=False)
    assert not choose_chain(Given({"tuning": str(tuned), "way": way}), shared).towers


def test_many_kinds_of_photograph_make_few_sets():
    many = replace(PAIRS, roles=tuple("abcdefg"))
    assert len(many.role_sets) == 14
    assert many.role_sets[-1] == "a+b+c+d+e+f+g"
