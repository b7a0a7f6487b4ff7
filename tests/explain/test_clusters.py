import numpy as np
import pytest

from automl_skin.errors import InputError
from automl_skin.explain import clusters
from automl_skin.explain.clusters import class_distances, cluster_indices


def drawn(apart, n=40, width=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    return rng.normal(size=(n, width)) + apart * labels[:, None], labels


def slow_distances(rows, labels):
    within = {int(each): [] for each in np.unique(labels)}
    between = []
    for i in range(len(rows)):
        for j in range(i):
            distance = float(np.sqrt(((rows[i] - rows[j]) ** 2).sum()))
            (within[int(labels[i])] if labels[i] == labels[j] else between).append(distance)
    return {each: np.mean(values) if values else np.nan for each, values in within.items()}, np.mean(between)


@pytest.mark.parametrize("rows_at_once", [7, 1024])
def test_distances_are_means_over_pairs(monkeypatch, rows_at_once):
    monkeypatch.setattr(clusters, "_ROWS_AT_ONCE", rows_at_once)
    rows = np.random.default_rng(1).normal(size=(31, 4))
    labels = np.array([5] * 12 + [2] * 18 + [9])
    within, between = slow_distances(rows, labels)
    intra, inter = class_distances(rows, labels)
    assert intra == pytest.approx(within, nan_ok=True)
    assert np.isnan(intra[9])
    assert inter == pytest.approx(between)


def test_classes_further_apart_have_better_indices():
    near, far = (cluster_indices(*drawn(apart)) for apart in (0.5, 3.0))
    assert far.inter > near.inter
    assert far.intra == pytest.approx(near.intra)
    assert far.calinski_harabasz > near.calinski_harabasz
    assert far.silhouette > near.silhouette
    assert far.davies_bouldin < near.davies_bouldin


def test_silhouette_by_hand():
    rows, labels = drawn(1.0, n=12)
    values = []
    for row, label in zip(rows, labels, strict=True):
        distances = np.linalg.norm(rows - row, axis=1)
        own = distances[labels == label].sum() / (np.sum(labels == label) - 1)
        other = distances[labels != label].mean()
        values.append((other - own) / max(own, other))
    assert cluster_indices(rows, labels).silhouette == pytest.approx(np.mean(values))


@pytest.mark.parametrize("scale", [0.1, 100.0])
def test_only_distances_depend_on_the_scale(scale):
    rows, labels = drawn(1.0)
    one, other = cluster_indices(rows, labels), cluster_indices(rows * scale, labels)
    assert other.inter == pytest.approx(scale * one.inter)
    assert other.silhouette == pytest.approx(one.silhouette)
    assert other.calinski_harabasz == pytest.approx(one.calinski_harabasz)


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        (np.zeros((3, 2)), np.zeros(4, int), "finite rows"),
        (np.array([[np.nan], [1.0], [2.0]]), np.array([0, 1, 1]), "finite rows"),
        (np.zeros((3, 2)), np.zeros(3, int), "got 1 classes of 3"),
        (np.zeros((2, 2)), np.array([0, 1]), "got 2 classes of 2"),
    ],
)
def test_what_has_no_clusters_is_refused(rows, labels, message):
    with pytest.raises(InputError, match=message):
        cluster_indices(rows, labels)
