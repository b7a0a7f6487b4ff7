import numpy as np
import pytest

from automl_skin.chains.config import BranchConfig, ChainConfig
from automl_skin.chains.fitting import FoldFitter
from automl_skin.errors import ConfigError
from automl_skin.explain.chain_score import ChainScore, has_gradient
from automl_skin.features.encoder import EncoderConfig
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.networks import NetworkId

NET = "net@plain"
FIRST = np.zeros(4, np.int64)


@pytest.fixture(scope="module")
def material(fabricate, with_tuned):
    return with_tuned(fabricate(80).development, joint=True)


def branch(family, **settings):
    return BranchConfig(family, FAMILIES[family].configure(settings) if family in FAMILIES else None)


def chain_of(material, config):
    fitter = FoldFitter(
        material.inputs,
        material.training_labels,
        material.folds,
        dict(material.kinds),
        EncoderConfig(),
        0,
        material.plan_digest,
    )
    return fitter.fit(config, 0)[0]


def score_of(material, config, n_cases=4):
    chain = chain_of(material, config)
    rows = np.flatnonzero(material.folds == 0)[:n_cases]
    return ChainScore(chain, material.inputs.take(rows), np.ones(n_cases, np.int64))


def test_a_linear_head_gives_its_coefficients(material):
    config = ChainConfig("concat", (branch("logistic"),), (NetworkId("net", "plain"),))
    score = score_of(material, config)
    embeddings = score.inputs.embeddings[NET]
    head, projection = score.chain.heads[0], score.chain.projection
    expected = head.coefficients[: embeddings.shape[1], 0] / projection.scale
    gradient = score.gradient(NET, FIRST, embeddings, embeddings.std(axis=0))
    np.testing.assert_allclose(gradient, np.tile(expected, (4, 1)), rtol=1e-3, atol=1e-5)


def test_components_are_followed_back(material):
    config = ChainConfig("image", (branch("logistic"),), (NetworkId("net", "plain"),), components=5)
    score = score_of(material, config)
    embeddings = score.inputs.embeddings[NET]
    projection = score.chain.projection
    directions = projection.components * projection.factor / projection.scale[:, None]
    expected = directions @ score.chain.heads[0].coefficients[:, 0]
    gradient = score.gradient(NET, FIRST, embeddings, embeddings.std(axis=0))
    np.testing.assert_allclose(gradient[0], expected, rtol=1e-3, atol=1e-5)


def test_the_other_class_has_the_opposite_gradient(material):
    score = score_of(material, ChainConfig("image", (branch("logistic"),), (NetworkId("net", "plain"),)))
    embeddings = score.inputs.embeddings[NET]
    other = ChainScore(score.chain, score.inputs, np.zeros(4, np.int64))
    gradients = [each.gradient(NET, FIRST, embeddings, np.ones(12)) for each in (score, other)]
    np.testing.assert_allclose(gradients[0], -gradients[1], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("fusion", ["concat", "metanet"])
def test_a_neural_head_follows_its_own_predictions(material, fusion):
    config = ChainConfig(fusion, (branch("mlp"),), (NetworkId("net", "plain"),))
    score = score_of(material, config)
    embeddings = score.inputs.embeddings[NET]
    gradient = score.gradient(NET, FIRST, embeddings, np.full(12, 0.04))
    along = gradient[0] / np.linalg.norm(gradient[0])
    rows = (embeddings[0] + np.array([[1], [-1]]) * 0.01 * along).astype(np.float32)
    above, below = score.log_odds(0, NET, 0, rows)
    assert (above - below) / 0.02 == pytest.approx(np.linalg.norm(gradient[0]), rel=0.1)


def test_a_networks_own_head_that_sees_metadata(material):
    name = "net@plain@full.without-0"
    score = score_of(
        material, ChainConfig("image", (branch("own"),), (NetworkId("net", "plain", "full"),), way="own")
    )
    embeddings = score.inputs.embeddings[name]
    gradient = score.gradient(name, FIRST, embeddings, embeddings.std(axis=0))
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0
    np.testing.assert_array_equal(embeddings, material.inputs.embeddings[name][material.folds == 0][:4])


def test_only_smooth_heads_that_see_the_image_have_gradients(material):
    trees = ChainConfig("concat", (branch("lightgbm"),), (NetworkId("net", "plain"),), components=5)
    late = ChainConfig("late", (branch("logistic"), branch("lightgbm")), (NetworkId("net", "plain"),))
    assert [has_gradient(each) for each in (trees, late)] == [False, True]
    assert not has_gradient(ChainConfig("metadata", (branch("logistic"),)))
    with pytest.raises(ConfigError, match="expected a trial with an image and a head with gradients"):
        score_of(material, trees)
