import numpy as np
import pytest

from automl_skin.errors import ConfigError, InputError
from automl_skin.explain.maps import lay_out


def two_clouds(n=60, width=80, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    return (rng.normal(size=(n, width)) + 3 * labels[:, None]).astype(np.float32), labels


def test_neighbours_stay_neighbours_and_seeds_repeat():
    embeddings, labels = two_clouds()
    points = lay_out(embeddings, 0)
    assert points.shape == (60, 2)
    distances = np.linalg.norm(points[:, None] - points[None], axis=2) + 1e9 * np.eye(60)
    assert (labels[distances.argmin(axis=1)] == labels).all()
    np.testing.assert_array_equal(lay_out(embeddings, 0), points)


def test_few_cases_and_constant_columns():
    embeddings = np.tile(np.arange(5, dtype=np.float32)[:, None], (1, 3))
    embeddings[:, 1] = 7.0
    assert np.isfinite(lay_out(embeddings, 0)).all()


def test_what_cannot_be_laid_out():
    with pytest.raises(InputError, match="at least 4 cases with finite embeddings"):
        lay_out(np.zeros((3, 2), np.float32), 0)
    with pytest.raises(InputError, match="finite embeddings"):
        lay_out(np.full((9, 2), np.nan, np.float32), 0)
    with pytest.raises(ConfigError, match="got 'pca'"):
        lay_out(np.zeros((9, 2), np.float32), 0, "pca")


def test_umap_where_it_is_not_installed(monkeypatch):
    monkeypatch.setattr("automl_skin.explain.maps.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="umap-learn, which is not installed"):
        lay_out(two_clouds()[0], 0, "umap")
