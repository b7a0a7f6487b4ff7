"""The four ways of tuned networks into a chain: what each may know, and that no bases are mixed."""

from dataclasses import replace

import numpy as np
import pytest

from automl_skin.chains.config import WAYS
from automl_skin.chains.fitted import FittedChain, cross_calibrate, with_calibrator
from automl_skin.chains.networks import check_applied
from automl_skin.embeddings.key import TunedOn
from automl_skin.errors import ConfigError, LeakageError
from automl_skin.metrics.catalogue import METRICS

AUC = METRICS["auc"].function
CHAINS = [
    ("within", "concat", "logistic"),
    ("within", "metanet", "mlp"),
    ("within", "late", "lightgbm"),
    ("rotation", "concat", "logistic"),
    ("rotation", "rank", "lightgbm"),
    ("logits", "concat", "logistic"),
    ("logits", "image", "lightgbm"),
    ("own", "image", "own"),
    ("own", "late", "own"),
    ("own", "rank", "own"),
]


@pytest.fixture(scope="module", params=["binary", "several", "joint", "metanet"])
def tuned(request, material, material_of_four, with_tuned):
    material = material_of_four if request.param == "several" else material
    return with_tuned(material, joint={"joint": True, "metanet": "metanet"}.get(request.param, False))


def chain_of(small_chain, way, fusion, family, **values):
    return small_chain(fusion, family, tuning="full", way=way, **values)


def out_of_fold(fitter, config):
    raw = np.empty((len(fitter.folds), fitter.labels.n_classes))
    for fold in range(5):
        raw[fitter.folds == fold] = fitter.fit(config, fold)[1]
    return raw


def test_every_way_is_tested():
    assert {way for way, _, _ in CHAINS} == set(WAYS)


@pytest.mark.parametrize(("way", "fusion", "family"), CHAINS)
def test_a_chain_answers_the_same_fitted_loaded_alone_and_in_any_order(
    way, fusion, family, tuned, make_fitter, small_chain, tmp_path
):
    values = {"components": 6} if family == "lightgbm" and way != "logits" else {}
    config = chain_of(small_chain, way, fusion, family, **values)
    fitter = make_fitter(tuned)
    chain, held = fitter.fit(config, 1)
    raw = np.full((len(tuned.cases), tuned.n_classes), 1 / tuned.n_classes)
    raw[tuned.folds == 1] = held
    chain = with_calibrator(chain, cross_calibrate(raw, tuned.labels, tuned.folds % 2)[0][1])
    inputs = tuned.inputs.take(np.flatnonzero(tuned.folds == 1))
    assert (chain.raw(inputs) == held).all()
    together = chain.predict(inputs)
    assert np.abs(together.sum(axis=1) - 1.0).max() < 1e-12

    chain.save(tmp_path / "chain")
    back = FittedChain.load(tmp_path / "chain")
    assert back.config == config
    # what scores new cases: the embeddings that the chain names, and no head but the one it carries
    applied = replace(inputs.only(back.image_names), heads={}, tuned_on={})
    assert (back.predict(applied) == together).all()
    order = np.random.default_rng(0).permutation(len(inputs))
    assert np.abs(back.predict(applied.take(order)) - together[order]).max() < 1e-6
    for alone in (0, len(inputs) - 1):
        assert np.abs(back.predict(applied.take(np.array([alone]))) - together[[alone]]).max() < 1e-6


def test_no_file_of_a_chain_with_tuned_heads_is_a_pickle(tuned, make_fitter, small_chain, tmp_path):
    chain, _ = make_fitter(tuned).fit(chain_of(small_chain, "logits", "concat", "logistic"), 0)
    chain.save(tmp_path)
    files = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {".json", ".safetensors"}


# Who may know what.


def without(tuned, name, held_out, plan=None):
    """Return the material where a network says that it was tuned without other folds, or under another plan."""
    tuned_on = {**tuned.inputs.tuned_on, name: TunedOn(plan or tuned.plan_digest, held_out)}
    return replace(tuned, inputs=replace(tuned.inputs, tuned_on=tuned_on))


WRONG = [
    # the network, what it held out, the fold whose chain must be refused
    ("within", "concat", "logistic", "net@plain@full.without-2", (1,), 2),
    ("own", "image", "own", "net@plain@full.without-2", (3,), 2),
    ("rotation", "concat", "logistic", "net@plain@full.without-2-3", (2,), 2),
    ("rotation", "concat", "logistic", "net@plain@full.without-2-3", (3,), 2),
    ("rotation", "concat", "logistic", "net@plain@full.without-0-4", (0,), 4),
    ("logits", "concat", "logistic", "net@plain@full.without-2", (1,), 2),
    ("logits", "concat", "logistic", "net@plain@full.without-2", (1,), 0),
]


@pytest.mark.parametrize(("way", "fusion", "family", "name", "held_out", "fold"), WRONG)
def test_a_network_that_saw_what_it_scores_is_refused(
    way, fusion, family, name, held_out, fold, tuned, make_fitter, small_chain
):
    config = chain_of(small_chain, way, fusion, family)
    make_fitter(tuned).fit(config, fold)
    with pytest.raises(LeakageError, match="expected weights that were tuned without it"):
        make_fitter(without(tuned, name, held_out)).fit(config, fold)
    with pytest.raises(LeakageError, match="expected those of the study's own fold plan"):
        make_fitter(without(tuned, name, (0, 1, 2, 3, 4), "another plan")).fit(config, fold)
    nameless = {key: each for key, each in tuned.inputs.tuned_on.items() if key != name}
    with pytest.raises(LeakageError, match="expected a record of the cases that tuned it"):
        make_fitter(replace(tuned, inputs=replace(tuned.inputs, tuned_on=nameless))).fit(config, fold)


def test_a_tuned_network_under_a_frozen_name_is_refused(material, make_fitter, small_chain):
    wrong = without(material, "net@plain", (1,))
    make_fitter(wrong).fit(small_chain("image"), 1)
    with pytest.raises(LeakageError, match="fold 2: expected weights"):
        make_fitter(wrong).fit(small_chain("image"), 2)


@pytest.mark.parametrize(("way", "fusion", "family"), CHAINS)
def test_labels_of_the_held_fold_change_nothing(way, fusion, family, tuned, make_fitter, small_chain):
    config = chain_of(small_chain, way, fusion, family)
    held = make_fitter(tuned).fit(config, 2)[1]
    cases = tuned.cases.copy()
    rows = tuned.folds == 2
    cases.loc[rows, "target"] = cases.loc[rows, "target"].to_numpy()[::-1]
    cases.loc[rows, "diagnosis"] = cases.loc[rows, "diagnosis"].to_numpy()[::-1]
    assert (make_fitter(replace(tuned, cases=cases)).fit(config, 2)[1] == held).all()


def test_rotation_is_fitted_on_one_fold_alone(tuned, make_fitter, small_chain):
    config = chain_of(small_chain, "rotation", "concat", "logistic", weighting="balanced", components=4)
    held = make_fitter(tuned).fit(config, 4)[1]

    def changed(fold):
        cases, metadata = tuned.cases.copy(), tuned.inputs.metadata.copy()
        rows = np.flatnonzero(tuned.folds == fold)
        cases.iloc[rows, cases.columns.get_loc("target")] = cases.iloc[rows]["target"].to_numpy()[::-1]
        metadata.iloc[rows, 0] = 20.0
        return replace(tuned, cases=cases, inputs=replace(tuned.inputs, metadata=metadata))

    for other in (1, 2, 3):
        assert (make_fitter(changed(other)).fit(config, 4)[1] == held).all()
    assert (make_fitter(changed(0)).fit(config, 4)[1] != held).any()


def test_logits_of_a_row_come_from_the_network_without_its_fold(tuned, make_fitter, small_chain):
    fitter = make_fitter(tuned)
    config = chain_of(small_chain, "logits", "image", "logistic")
    rows = np.arange(len(tuned.cases))
    block = fitter._image_block(config, 0, rows)
    for row in range(0, len(rows), 17):
        name = f"net@plain@full.without-{tuned.folds[row]}"
        head = tuned.inputs.heads[name]
        metadata = None
        if head.n_metadata:
            encoder = fitter._encoded(config, int(tuned.folds[row])).part
            metadata = encoder.transform(tuned.inputs.metadata.iloc[[row]])
        answer = head.logits(tuned.inputs.embeddings[name][[row]], metadata)
        assert (block.values[row] == answer.astype(np.float32)[0]).all()


def test_the_own_head_is_a_softmax_summed_by_class(material, with_tuned, make_fitter, small_chain):
    tuned = with_tuned(material)
    _, held = make_fitter(tuned).fit(chain_of(small_chain, "own", "image", "own"), 3)
    name = "net@plain@full.without-3"
    logits = tuned.inputs.heads[name].logits(tuned.inputs.embeddings[name][tuned.folds == 3])
    powers = np.exp(logits.astype(np.float32).astype(np.float64))
    of_class = np.asarray(tuned.training_labels.class_of_diagnosis)
    expected = powers[:, of_class == 1].sum(axis=1) / powers.sum(axis=1)
    np.testing.assert_allclose(held[:, 1], expected, rtol=1e-9)


def test_a_head_of_strange_classes_is_named(tuned, make_fitter, small_chain):
    heads = {
        name: replace(head, weight=np.vstack([head.weight] * 2), bias=np.tile(head.bias, 2))
        for name, head in tuned.inputs.heads.items()
    }
    strange = replace(tuned, inputs=replace(tuned.inputs, heads=heads))
    with pytest.raises(ConfigError, match=r"expected answers for the . classes or 4 diagnoses"):
        make_fitter(strange).fit(chain_of(small_chain, "own", "image", "own"), 0)


def test_a_case_without_an_image_is_answered(tuned, make_fitter, small_chain):
    has_image = tuned.inputs.has_image.copy()
    has_image[::7] = False
    embeddings = {
        name: np.where(has_image[:, None], values, np.float32(0))
        for name, values in tuned.inputs.embeddings.items()
    }
    lacking = replace(tuned, inputs=replace(tuned.inputs, has_image=has_image, embeddings=embeddings))
    for way, fusion, family in CHAINS:
        chain, held = make_fitter(lacking).fit(chain_of(small_chain, way, fusion, family), 0)
        assert np.isfinite(held).all()
        assert (chain.raw(lacking.inputs.take(np.flatnonzero(lacking.folds == 0))) == held).all()


def test_nothing_tuned_is_fitted_on_all_rows(tuned, make_fitter, small_chain):
    with pytest.raises(ConfigError, match="export without --refit"):
        make_fitter(tuned).fit_all(chain_of(small_chain, "within", "concat", "logistic"))


def test_what_was_fitted_before_changes_nothing(tuned, make_fitter, small_chain):
    configs = [chain_of(small_chain, way, fusion, family) for way, fusion, family in CHAINS]
    configs.append(small_chain("concat", backbones=("net",)))
    fresh = [make_fitter(tuned).fit(config, 1)[1] for config in configs]
    used = make_fitter(tuned)
    assert all((used.fit(config, 1)[1] == held).all() for config, held in zip(configs, fresh, strict=True))
    again = [used.fit(config, 1)[1] for config in reversed(configs)]
    assert all((one == other).all() for one, other in zip(reversed(again), fresh, strict=True))


def test_locked_cases_need_networks_of_the_same_plan(tuned):
    names = ["net@plain@full.without-0", "other@plain"]
    check_applied(names, tuned.inputs, tuned.plan_digest)
    with pytest.raises(LeakageError, match="expected those of the study's own fold plan"):
        check_applied(names, tuned.inputs, "another plan")


# Promises 2 and 3 on made-up networks.


def test_a_stack_across_bases_would_lose_and_within_does_not(fabricate, with_tuned, make_fitter, small_chain):
    """Promise 3: embeddings of a row by the network without its own fold, as one matrix, are of K bases."""
    tuned = with_tuned(fabricate(n_groups=400, seed=3).development, memory=0.0)
    fitter = make_fitter(tuned)
    within = out_of_fold(fitter, chain_of(small_chain, "within", "image", "logistic"))
    logits = out_of_fold(fitter, chain_of(small_chain, "logits", "image", "logistic"))
    names = [f"net@plain@full.without-{fold}" for fold in range(5)]
    mixed = np.stack([tuned.inputs.embeddings[names[fold]][row] for row, fold in enumerate(tuned.folds)])
    inputs = replace(tuned.inputs, embeddings={"net@plain": mixed})
    across = out_of_fold(make_fitter(replace(tuned, inputs=inputs)), small_chain("image", backbones=("net",)))
    worth = {name: AUC(tuned.labels, raw) for name, raw in [("within", within), ("across", across)]}
    assert worth["within"] > worth["across"] + 0.1
    assert AUC(tuned.labels, logits) > worth["across"] + 0.1


@pytest.fixture(scope="module")
def permuted(fabricate, with_tuned):
    """Three materials with permuted labels, whose networks remember the cases that tuned them."""
    drawn = [fabricate(n_groups=170, seed=seed, permute=True).development for seed in range(3)]
    return [with_tuned(each, memory=3.0, seed=seed) for seed, each in enumerate(drawn)]


@pytest.mark.parametrize(("way", "fusion", "family"), CHAINS)
def test_with_permuted_labels_nothing_is_found(way, fusion, family, permuted, make_fitter, small_chain):
    """Promise 2: the networks remember the cases that tuned them, and no answer comes from such a network."""
    aucs = []
    for tuned in permuted:
        raw = out_of_fold(make_fitter(tuned), chain_of(small_chain, way, fusion, family))
        by_fold = [AUC(tuned.labels[tuned.folds == fold], raw[tuned.folds == fold]) for fold in range(5)]
        aucs.append(np.mean(by_fold))
    # a group of two cases counts as one: about 100 in all, and 0.03 is one standard error of the mean of three
    assert abs(np.mean(aucs) - 0.5) < 0.09


def test_the_canary_sings_where_a_network_saw_the_fold(fabricate, with_tuned, make_fitter, small_chain):
    """The test above finds something where there is a leak: embeddings of a network that was tuned on the fold."""
    tuned = with_tuned(fabricate(permute=True).development, memory=3.0)
    config = chain_of(small_chain, "within", "image", "logistic")
    leaking = dict(tuned.inputs.embeddings)
    for fold in range(5):
        leaking[f"net@plain@full.without-{fold}"] = tuned.inputs.embeddings[
            f"net@plain@full.without-{(fold + 1) % 5}"
        ]
    raw = out_of_fold(make_fitter(replace(tuned, inputs=replace(tuned.inputs, embeddings=leaking))), config)
    assert AUC(tuned.labels, raw) > 0.8
