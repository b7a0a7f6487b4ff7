"""Kinds of photograph in a chain: which it sees, what stands in for a missing one, and towers of their own basis."""

from dataclasses import replace

import numpy as np
import pytest

from automl_skin.chains.config import ChainConfig
from automl_skin.chains.fitted import FittedChain
from automl_skin.chains.roles import ImageBlock, embeddings_block, logits_block, sees_image
from automl_skin.embeddings.key import TunedOn
from automl_skin.errors import ConfigError, IntegrityError, LeakageError
from automl_skin.networks import NetworkId
from automl_skin.records import from_plain, to_plain

ROLES = ("close-up", "dermoscopic")
CLOSE_UP, DERMOSCOPIC = 0, 1
TUNED = [
    ("within", "concat", "logistic"),
    ("within", "late", "lightgbm"),
    ("rotation", "concat", "logistic"),
    ("logits", "concat", "logistic"),
    ("own", "image", "own"),
    ("own", "late", "own"),
]


@pytest.fixture(scope="module")
def pairs(material, with_tuned):
    """Cases of which some lack a kind of photograph: a frozen network of both kinds, and towers tuned on one each."""
    n_cases = len(material.cases)
    rng = np.random.default_rng(0)
    lacking = rng.choice([-1, CLOSE_UP, DERMOSCOPIC], n_cases, p=[0.7, 0.15, 0.15])
    has_role = np.stack([lacking != CLOSE_UP, lacking != DERMOSCOPIC], axis=1)
    net = material.inputs.embeddings["net@plain"]
    kinds = [net[:, :6], net[:, 6:]]
    frozen = np.hstack([np.where(has_role[:, [place]], kind, 0) for place, kind in enumerate(kinds)])
    embeddings = {"net@plain": frozen.astype(np.float32)}
    heads, tuned_on = {}, {}
    for place, role in enumerate(ROLES):
        of_role = with_tuned(material, seed=place + 1).inputs
        for name, provenance in of_role.tuned_on.items():
            tower = name.replace("@full.", f"@full@{role}.")
            values = np.where(has_role[:, [place]], of_role.embeddings[name], np.float32(0))
            embeddings[tower], heads[tower], tuned_on[tower] = values, of_role.heads[name], provenance
    inputs = replace(
        material.inputs,
        embeddings=embeddings,
        heads=heads,
        tuned_on=tuned_on,
        roles=ROLES,
        has_role=has_role,
    )
    return replace(material, inputs=inputs)


def frozen_chain(small_chain, roles=(), **values):
    return small_chain(**{"fusion": "concat", "backbones": ("net",), "roles": roles, **values})


def towers(small_chain, way="within", fusion="concat", family="logistic", roles=ROLES):
    return small_chain(fusion, family, tuning="full", way=way, roles=roles, towers=True)


def lack(pairs, position, *places):
    """Return the inputs where a case lacks some kinds: their columns are zeros, as when they are pooled."""
    has_role = pairs.inputs.has_role.copy()
    has_role[position, list(places)] = False
    has_role[position, [place for place in range(2) if place not in places]] = True
    return replace(pairs.inputs, has_role=has_role, has_image=has_role.any(axis=1))


# Which kinds a chain sees.


def test_a_chain_of_one_kind_sees_no_other(pairs, small_chain, make_fitter):
    config = frozen_chain(small_chain, ("dermoscopic",))
    held = make_fitter(pairs).fit(config, 1)[1]
    other = pairs.inputs.embeddings["net@plain"].copy()
    other[:, :6] = np.random.default_rng(1).normal(size=(len(other), 6))
    blind = replace(pairs, inputs=replace(pairs.inputs, embeddings={"net@plain": other}))
    assert (make_fitter(blind).fit(config, 1)[1] == held).all()
    assert (make_fitter(blind).fit(frozen_chain(small_chain), 1)[1] != held).any()
    both = make_fitter(pairs).fit(frozen_chain(small_chain), 1)[1]
    assert (both != held).any()


def test_the_other_kinds_stand_in_for_a_missing_one(pairs, small_chain):
    block = embeddings_block(frozen_chain(small_chain), pairs.inputs, ["net@plain"])
    has = pairs.inputs.has_role
    assert block.known is None
    lacks = ~has[:, CLOSE_UP]
    assert lacks.any()
    assert (block.values[lacks, :6] == pairs.inputs.embeddings["net@plain"][lacks, 6:]).all()
    both = has.all(axis=1)
    assert (block.values[both] == pairs.inputs.embeddings["net@plain"][both]).all()


def test_where_none_of_the_kinds_is_there_the_average_image_stands(pairs, small_chain, make_fitter):
    config = frozen_chain(small_chain, ("dermoscopic",), fusion="image")
    chain, _ = make_fitter(pairs).fit(config, 0)
    lacks = ~pairs.inputs.has_role[:, DERMOSCOPIC]
    assert (sees_image(config, pairs.inputs) == ~lacks).all()
    assert (chain.project(pairs.inputs)[lacks] == 0).all()
    assert len(np.unique(chain.raw(pairs.inputs)[lacks], axis=0)) == 1
    nobody = lack(pairs, 3, CLOSE_UP, DERMOSCOPIC).take(np.array([3]))
    assert np.isfinite(chain.raw(nobody)).all()


def test_an_unknown_kind_is_named(pairs, small_chain, make_fitter, material):
    with pytest.raises(
        ConfigError, match=r"kinds of photograph of the study \(close-up, dermoscopic\), got histo"
    ):
        make_fitter(pairs).fit(frozen_chain(small_chain, ("histology",)), 0)
    with pytest.raises(ConfigError, match=r"\(one kind alone\), got dermoscopic"):
        make_fitter(material).fit(frozen_chain(small_chain, ("dermoscopic",)), 0)


def test_a_kind_that_nobody_has_is_refused(pairs, small_chain, make_fitter):
    has_role = pairs.inputs.has_role.copy()
    has_role[:, CLOSE_UP] = False
    without = replace(pairs, inputs=replace(pairs.inputs, has_role=has_role))
    with pytest.raises(ConfigError, match=r"no training case has a readable photograph \(close-up\)"):
        make_fitter(without).fit(frozen_chain(small_chain, ("close-up",)), 0)


def test_roles_and_towers_are_part_of_the_configuration(small_chain):
    config = towers(small_chain)
    assert from_plain(ChainConfig, to_plain(config), "a file") == config
    assert config.title == "net plain full within close-up+dermoscopic concat logistic"
    assert config.image_names(2, 5) == (
        "net@plain@full@close-up.without-2",
        "net@plain@full@dermoscopic.without-2",
    )
    assert towers(small_chain, roles=("close-up",)).kind != config.kind
    plain = frozen_chain(small_chain)
    assert plain.networks == (NetworkId("net", "plain"),)
    with pytest.raises(IntegrityError, match="frozen network: expected no held-out folds and no role"):
        frozen_chain(small_chain, towers=True, roles=ROLES)
    with pytest.raises(ConfigError, match="expected different kinds of photograph"):
        frozen_chain(small_chain, roles=("a", "a"))
    with pytest.raises(
        ConfigError, match="expected different kinds of photograph, of a fusion with an image"
    ):
        small_chain("metadata", roles=("close-up",))


NETWORK = NetworkId("net", "plain", "full")


@pytest.mark.parametrize(
    "networks",
    [
        (NETWORK, NETWORK),
        (NETWORK, replace(NETWORK, backbone="other", recipe="grey")),
        (NETWORK, NetworkId("other", "plain")),
        (NETWORK.without((1,)),),
        (NETWORK.without((), ROLES[0]),),
        (NETWORK.without((), ROLES[1]), NETWORK.without((), ROLES[0])),
    ],
)
def test_networks_of_a_chain_are_alike_and_come_once_per_role(networks, small_chain):
    config = frozen_chain(small_chain, roles=ROLES)
    with pytest.raises(ConfigError, match=r"expected one recipe and tuning.*got .*net@plain"):
        replace(config, networks=networks, way="within")


# Towers.


@pytest.mark.parametrize("roles", [ROLES, ("dermoscopic",)])
@pytest.mark.parametrize(("way", "fusion", "family"), TUNED)
def test_a_chain_of_towers_answers_the_same_fitted_loaded_alone_and_in_any_order(
    way, fusion, family, roles, pairs, make_fitter, small_chain, tmp_path
):
    chain, held = make_fitter(pairs).fit(towers(small_chain, way, fusion, family, roles), 1)
    rows = np.flatnonzero(pairs.folds == 1)
    inputs = pairs.inputs.take(rows)
    assert (chain.raw(inputs) == held).all()
    assert np.isfinite(held).all()
    chain.save(tmp_path / "chain")
    back = FittedChain.load(tmp_path / "chain")
    assert back.config == chain.config
    applied = replace(inputs.only(back.image_names), heads={}, tuned_on={})
    order = np.random.default_rng(0).permutation(len(rows))
    assert (back.predict(applied.take(order)) == held[order]).all()
    has = pairs.inputs.has_role[rows]
    for alone in (0, *np.flatnonzero(~has[:, 0])[:1], *np.flatnonzero(~has[:, 1])[:1]):
        assert (back.predict(applied.take(np.array([alone]))) == held[[alone]]).all()


def test_the_average_of_its_kind_stands_in_for_a_tower(pairs, small_chain, make_fitter):
    config = towers(small_chain, fusion="image")
    chain, _ = make_fitter(pairs).fit(config, 2)
    columns = chain.project(pairs.inputs)
    width = columns.shape[1] // 2
    for place in range(2):
        lacks = ~pairs.inputs.has_role[:, place]
        tower = slice(place * width, (place + 1) * width)
        assert np.abs(columns[lacks, tower]).max() < 1e-6
        assert np.abs(columns[~lacks, tower]).mean() > 0.3


def test_what_a_missing_photograph_left_in_the_array_is_not_seen(pairs, small_chain, make_fitter):
    """Zeros stand there; noise in their place changes nothing."""
    rng = np.random.default_rng(5)
    noisy = dict(pairs.inputs.embeddings)
    for name, values in noisy.items():
        if "@full@" in name:
            lacks = ~pairs.inputs.has_role[:, ROLES.index(NetworkId.parse(name).role)]
            noise = rng.normal(size=values.shape).astype(np.float32)
            noisy[name] = np.where(lacks[:, None] & ~np.isnan(values), noise, values)
    other = replace(pairs, inputs=replace(pairs.inputs, embeddings=noisy))
    for way, fusion, family in TUNED:
        config = towers(small_chain, way, fusion, family)
        assert (make_fitter(other).fit(config, 0)[1] == make_fitter(pairs).fit(config, 0)[1]).all()


def test_logits_of_towers_stand_side_by_side_and_are_averaged_in_the_way_own(pairs, small_chain):
    names = [str(NetworkId("net", "plain", "full", (0,), role)) for role in ROLES]
    heads = [pairs.inputs.heads[name] for name in names]
    each = [
        head.logits(pairs.inputs.embeddings[name]).astype(np.float32)
        for name, head in zip(names, heads, strict=True)
    ]
    side = logits_block(towers(small_chain, "logits"), pairs.inputs, names, heads, None)
    own = logits_block(towers(small_chain, "own", "image", "own"), pairs.inputs, names, heads, None)
    has = pairs.inputs.has_role
    both, lacks = has.all(axis=1), ~has[:, CLOSE_UP]
    assert side.values.shape[1] == 2 * own.values.shape[1]
    assert (side.values == np.hstack(each)).all()
    assert (side.known[lacks] == np.repeat([False, True], each[0].shape[1])).all()
    np.testing.assert_allclose(own.values[both], (each[0][both] + each[1][both]) / 2, atol=1e-5)
    assert (own.values[lacks] == each[1][lacks]).all()
    assert own.known is None
    nobody = replace(pairs.inputs, has_role=np.zeros_like(has))
    answer = logits_block(towers(small_chain, "own", "image", "own"), nobody, names, heads, None)
    np.testing.assert_allclose(answer.values, (each[0] + each[1]) / 2, atol=1e-5)


def test_one_head_sees_the_mean_of_the_kinds(pairs, small_chain, material, with_tuned):
    tuned = with_tuned(material).inputs
    name = "net@plain@full.without-0"
    values, head = tuned.embeddings[name], tuned.heads[name]
    has = pairs.inputs.has_role
    twice = np.hstack([values + np.float32(1), values - np.float32(1)])
    inputs = replace(pairs.inputs, embeddings={name: twice})
    config = small_chain("image", "own", tuning="full", way="own")
    block = logits_block(config, inputs, [name], [head], None).values
    both, lacks = has.all(axis=1), ~has[:, CLOSE_UP]
    np.testing.assert_allclose(block[both], head.logits(values[both]), atol=1e-4)
    np.testing.assert_allclose(block[lacks], head.logits(values[lacks] - np.float32(1)), atol=1e-4)
    one = logits_block(replace(config, roles=("close-up",)), inputs, [name], [head], None).values
    np.testing.assert_allclose(one[both], head.logits(values[both] + np.float32(1)), atol=1e-4)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("way", "fusion", "family"), TUNED)
def test_a_tower_that_saw_what_it_scores_is_refused(
    way, fusion, family, role, pairs, make_fitter, small_chain
):
    """Promise 2 for every tower: one that saw the fold spoils the chain, whatever the other one saw."""
    config = towers(small_chain, way, fusion, family)
    name = config.image_names(2, 5)[ROLES.index(role)]
    held_out = (2,) if way == "rotation" else (1,)
    for wrong, message in (
        (TunedOn(pairs.plan_digest, held_out), "expected weights that were tuned without it"),
        (TunedOn("another plan", (0, 1, 2, 3, 4)), "expected those of the study's own fold plan"),
    ):
        tuned_on = {**pairs.inputs.tuned_on, name: wrong}
        with pytest.raises(LeakageError, match=message):
            make_fitter(replace(pairs, inputs=replace(pairs.inputs, tuned_on=tuned_on))).fit(config, 2)
    nameless = {key: each for key, each in pairs.inputs.tuned_on.items() if key != name}
    with pytest.raises(LeakageError, match="expected a record of the cases that tuned it"):
        make_fitter(replace(pairs, inputs=replace(pairs.inputs, tuned_on=nameless))).fit(config, 2)


def test_rows_of_blocks_are_dealt_to_their_places():
    parts = [ImageBlock(np.full((2, 1), float(each), np.float32)) for each in range(2)]
    assert ImageBlock.in_order(parts, np.array([3, 0, 1, 2])).values[:, 0].tolist() == [0, 1, 1, 0]
    known = [replace(part, known=np.full((2, 1), place == 0)) for place, part in enumerate(parts)]
    dealt = ImageBlock.in_order(known, np.array([3, 0, 1, 2]))
    assert dealt.known[:, 0].tolist() == [True, False, False, True]
    assert dealt.averages.tolist() == [0.0]
    assert dealt.filled(np.array([7.0]))[:, 0].tolist() == [0, 7, 7, 0]
    assert ImageBlock(np.ones((2, 1), np.float32), np.zeros((2, 1), np.bool_)).averages.tolist() == [0.0]
