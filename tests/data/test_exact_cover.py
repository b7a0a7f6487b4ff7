from itertools import combinations

import numpy as np

from automl_skin.data.exact_cover import find_exact_cover


def covers(ticks, columns):
    return bool((ticks[:, list(columns)].sum(axis=1) == 1).all())


def test_agrees_with_trying_every_set():
    rng = np.random.default_rng(0)
    n_found = 0
    for _ in range(300):
        ticks = rng.random((5, 6)) < 0.35
        sets = [each for size in range(1, 7) for each in combinations(range(6), size)]
        possible = [each for each in sets if covers(ticks, each)]
        found = find_exact_cover(ticks)
        assert (found is None) == (not possible)
        assert found is None or covers(ticks, found)
        n_found += found is not None
    assert 30 < n_found < 270


def test_large_columns_before_rare_ones():
    classes = np.repeat(np.eye(4, dtype=bool), 5, axis=0)
    rare = np.arange(20) == 3
    assert find_exact_cover(np.column_stack([rare, classes])) == (1, 2, 3, 4)


def test_a_search_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr("automl_skin.data.exact_cover.MAX_STEPS", 1)
    assert find_exact_cover(np.eye(3, dtype=bool)) is None
