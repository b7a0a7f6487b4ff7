"""Every family's importances on the same fabricated cases, whose columns are known to count or not."""

from dataclasses import replace

import numpy as np
import pytest

from automl_skin.chains.config import BranchConfig, ChainConfig
from automl_skin.chains.fitting import FoldFitter
from automl_skin.explain.contributions import contributions, native_importance
from automl_skin.explain.groups import branches_of, groups_of, mean_shares, permutation_importance, permuted
from automl_skin.features.encoder import EncoderConfig
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.metrics.catalogue import METRICS
from automl_skin.networks import NetworkId

TREES = ("lightgbm", "xgboost", "random_forest", "extra_trees", "catboost")
LOG_ODDS = ("lightgbm", "xgboost", "logistic", "catboost")


@pytest.fixture(scope="module", params=[2, 4])
def material(request, fabricate):
    made = fabricate(120, request.param, signal=1.5).development
    noise = np.random.default_rng(0).normal(size=len(made.cases))
    metadata = made.inputs.metadata.assign(noise=noise)
    return replace(
        made, inputs=replace(made.inputs, metadata=metadata), kinds={**made.kinds, "noise": "number"}
    )


def chain_of(material, fusion, *families, fold=0):
    branches = tuple(BranchConfig(family, FAMILIES[family].config()) for family in families)
    config = ChainConfig(fusion, branches, (NetworkId("net", "plain"),) if fusion != "metadata" else ())
    fitter = FoldFitter(
        material.inputs,
        material.training_labels,
        material.folds,
        dict(material.kinds),
        EncoderConfig(),
        0,
        material.plan_digest,
    )
    return fitter.fit(config, fold)[0]


def held(material, fold=0):
    rows = np.flatnonzero(material.folds == fold)
    return material.inputs.take(rows), material.labels[rows]


@pytest.mark.parametrize("family", [*TREES, "logistic"])
def test_native_importances_know_noise(material, family):
    inputs, labels = held(material)
    chain = chain_of(material, "metadata", family)
    (branch,) = branches_of(chain, inputs)
    values = native_importance(branch.head, branch.design, labels)
    assert values.shape == (branch.design.n_columns,)
    groups = branch.by_group(values)
    assert set(groups) == {"age", "sex", "site", "noise"}
    assert groups["age"] > groups["noise"]
    assert groups["age"] > groups["sex"]


def test_a_network_has_no_native_importance(material):
    inputs, labels = held(material)
    (branch,) = branches_of(chain_of(material, "concat", "mlp"), inputs)
    assert native_importance(branch.head, branch.design, labels) is None
    assert contributions(branch.head, branch.design) is None


@pytest.mark.parametrize("family", [*TREES, "logistic"])
def test_contributions_add_up_to_the_prediction(material, family):
    inputs, _ = held(material)
    (branch,) = branches_of(chain_of(material, "concat", family), inputs)
    values = contributions(branch.head, branch.design)
    added = values.sum(axis=1)
    probabilities = branch.head.predict(branch.design)
    if family in LOG_ODDS:
        scores = np.log(probabilities)
        scores = scores[:, 1:] - scores[:, :1] if values.shape[2] == 1 else scores
    else:
        scores = probabilities
    constant = scores - added
    if scores.shape[1] > 1 and family in LOG_ODDS:  # log-odds up to what all classes share
        constant = constant - constant.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(constant, np.tile(constant[0], (len(constant), 1)), atol=2e-4)


def test_columns_without_splits_add_nothing(material):
    inputs, _ = held(material)
    (branch,) = branches_of(chain_of(material, "concat", "lightgbm"), inputs)
    values = contributions(branch.head, branch.design)
    splits = branch.head.booster.feature_importance("split")
    assert np.abs(values[:, splits == 0]).max(initial=0) == 0
    assert np.abs(values[:, splits > 3]).max() > 0


@pytest.mark.parametrize(
    ("fusion", "families"), [("concat", ["logistic"]), ("late", ["logistic", "lightgbm"])]
)
def test_permutation_finds_what_counts(material, fusion, families):
    chains = {fold: chain_of(material, fusion, *families, fold=fold) for fold in (0, 2)}
    given = (material.inputs, material.labels, material.folds, METRICS["auc"])
    worth = permutation_importance(chains, *given, seed=0, repeats=3)
    assert list(worth) == ["image", "age", "sex", "site", "noise"]
    means = {name: values.mean() for name, values in worth.items()}
    assert means["image"] > 0.05 > abs(means["noise"])
    assert worth["image"].shape == (2,)
    again = permutation_importance(chains, *given, seed=0, repeats=3)
    other = permutation_importance(chains, *given, seed=1, repeats=3)
    assert all((again[name] == worth[name]).all() for name in worth)
    assert not (other["image"] == worth["image"]).all()


def test_a_group_is_permuted_and_nothing_else(material):
    inputs, _ = held(material)
    rng = np.random.default_rng(0)
    image, age = (permuted(inputs, group, rng) for group in ("image", "age"))
    assert image.metadata.equals(inputs.metadata)
    assert not (image.embeddings["net@plain"] == inputs.embeddings["net@plain"]).all()
    assert (age.embeddings["net@plain"] == inputs.embeddings["net@plain"]).all()
    assert age.metadata.drop(columns="age").equals(inputs.metadata.drop(columns="age"))
    assert not age.metadata["age"].equals(inputs.metadata["age"])
    assert age.metadata["age"].isna().sum() == inputs.metadata["age"].isna().sum()


def test_groups_are_what_a_chain_sees(material):
    assert groups_of(chain_of(material, "image", "logistic")) == ["image"]
    assert groups_of(chain_of(material, "metadata", "logistic")) == ["age", "sex", "site", "noise"]


def test_branches_name_their_columns(material):
    inputs, _ = held(material)
    image, metadata = branches_of(chain_of(material, "late", "logistic", "lightgbm"), inputs)
    assert set(image.groups) == {"image"}
    assert image.columns[0] == "image column 0"
    assert len(metadata.columns) == metadata.design.n_columns
    assert metadata.columns[0] == "age"


def test_folds_that_lack_a_group():
    parts = [{"a": np.array(1.0)}, {"a": np.array(2.0), "b": np.array(3.0)}]
    shares = mean_shares(parts)
    assert shares["a"].tolist() == [1.0, 2.0]
    assert shares["b"].tolist() == [0.0, 3.0]
