import numpy as np
import pytest

from automl_skin.errors import InputError
from automl_skin.features.projection import Projection, fit_projection, identity_projection


def make_embeddings(n_cases=300, n_dimensions=80, seed=0):
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n_cases, 12)) * np.linspace(3, 0.5, 12)
    mixing = np.random.default_rng(99).normal(size=(12, n_dimensions))
    noise = rng.normal(size=(n_cases, n_dimensions)) * 0.1
    return (5 + hidden @ mixing + noise).astype(np.float32)


def test_standardised_without_components():
    columns = fit_projection(make_embeddings(), None).transform(make_embeddings())
    assert columns.dtype == np.float32
    assert np.allclose(columns.mean(axis=0), 0.0, atol=1e-5)
    assert np.allclose(columns.std(axis=0), 1.0, atol=1e-5)


def test_components_keep_their_relative_variances_and_average_near_one():
    projection = fit_projection(make_embeddings(), 10)
    variances = projection.transform(make_embeddings()).var(axis=0)
    assert 0.5 <= variances.mean() <= 2.0
    assert (np.diff(variances) < 0).all()
    expected = projection.variances / projection.variances[0]
    assert np.allclose(variances / variances[0], expected, rtol=1e-3)


@pytest.mark.parametrize("n_components", [None, 3, 40])
def test_a_case_alone_is_projected_as_in_a_batch(n_components):
    projection, new = fit_projection(make_embeddings(), n_components), make_embeddings(1100, seed=1)
    together = projection.transform(new)
    order = np.random.default_rng(0).permutation(1100)
    for rows in (order, [0], [1024], np.arange(7, 50)):
        alone = projection.transform(new[rows])
        assert (
            alone == together[rows]
        ).mean() > 0.999  # what a tree sees: only a tie of float32 may fall otherwise
        assert np.allclose(alone, together[rows], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("n_components", [1, 4, 12, 40])
def test_a_short_projection_is_the_beginning_of_a_long_one(n_components):
    long, new = fit_projection(make_embeddings(), 40), make_embeddings(50, seed=1)
    short = long.first(n_components)
    narrow = long.narrow(long.transform(new), n_components)
    assert np.allclose(narrow, short.transform(new), rtol=1e-6, atol=1e-6)
    assert 0.49 < short.transform(make_embeddings()).var(axis=0).mean() < 2.01


def test_more_components_than_there_are():
    assert fit_projection(make_embeddings(20), 256).n_columns == 20
    with pytest.raises(InputError, match=r"n_components: expected 1 to 20 of the fitted ones, got 21"):
        fit_projection(make_embeddings(20), 256).first(21)


def test_components_beyond_the_rank_are_zero_and_not_noise():
    twice = np.repeat(make_embeddings(10), 2, axis=0)  # of rank 9 once it is centred
    projection = fit_projection(twice, 20)
    columns = projection.transform(make_embeddings(50, seed=1))
    assert (columns.any(axis=0) == [True] * 9 + [False] * 11).all()
    assert ((projection.variances > 0) == (np.arange(20) < 9)).all()


def test_many_dimensions_are_searched_at_random_and_repeat():
    wide = make_embeddings(200, 2000)
    first, second = (fit_projection(wide, 8, seed=3) for _ in range(2))
    assert (first.components == second.components).all()
    exact = np.linalg.svd(fit_projection(wide, None).transform(wide), full_matrices=False)[1][:8] ** 2 / 199
    assert np.allclose(first.variances, exact, rtol=1e-3)


def test_constant_columns_become_zero():
    embeddings = make_embeddings()
    embeddings[:, 3] = 1234.567
    assert (fit_projection(embeddings, None).transform(embeddings + 1)[:, 3] == 0.0).all()
    assert np.isfinite(fit_projection(embeddings, 5).transform(embeddings)).all()
    assert np.isfinite(fit_projection(np.ones((9, 4), np.float32), 2).transform(embeddings[:, :4])).all()


@pytest.mark.parametrize("n_components", [None, 7])
def test_comes_back_from_arrays(n_components):
    projection, new = fit_projection(make_embeddings(), n_components), make_embeddings(seed=2)
    back = Projection.from_arrays(projection.to_arrays())
    assert (back.transform(new) == projection.transform(new)).all()


def test_other_embeddings_are_refused():
    with pytest.raises(InputError, match=r"expected 80 dimensions, got shape \(3, 79\)"):
        fit_projection(make_embeddings(), None).transform(np.zeros((3, 79), np.float32))


def test_the_identity_leaves_every_bit():
    rows = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    assert (identity_projection(3).transform(rows) == rows).all()
