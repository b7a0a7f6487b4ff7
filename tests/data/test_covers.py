from itertools import combinations

import numpy as np
import pytest

from automl_skin.data.covers import find_exact_cover, find_near_covers, is_nearly_pure

CODES = np.arange(120) % 3
TICKS = {f"c{level}": level == CODES for level in range(3)}


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
    monkeypatch.setattr("automl_skin.data.covers.MAX_STEPS", 1)
    assert find_exact_cover(np.eye(3, dtype=bool)) is None


def test_rows_that_offend_are_marked():
    ticks = {name: ticked.copy() for name, ticked in TICKS.items()}
    ticks["c0"][3] = False
    ticks["c1"][6] = True
    (found,) = find_near_covers(ticks, CODES)
    assert found.columns == ("c0", "c1", "c2")
    assert np.flatnonzero(found.offending).tolist() == [3, 6]
    (beside,) = find_near_covers({name: ticks[name] for name in ("c1", "c2")}, CODES, positive=ticks["c0"])
    assert beside.columns == ("c1", "c2")


def test_a_short_table_has_none():
    short = {name: ticked[:19] for name, ticked in TICKS.items()}
    assert find_near_covers(short, CODES[:19]) == find_near_covers({}, CODES) == []


@pytest.mark.parametrize("n", [19, 20, 30, 60, 120, 1000])
@pytest.mark.parametrize("rate", [0.015, 0.05, 0.3])
def test_honest_ticks_are_no_near_cover(n, rate):
    rng = np.random.default_rng(n)
    for _ in range(20):
        melanoma = rng.random(n) < rate
        melanoma[:2] = True, False
        male, site = rng.random(n) < 0.5, rng.integers(0, 5, n)
        ticks = {f"site {place}": site == place for place in range(5)}
        ticks |= {"male": male, "female": ~male, "consent": rng.random(n) < 0.97}
        ticks |= {f"rare {place}": rng.random(n) < 0.05 for place in range(10)}
        assert find_near_covers(ticks, melanoma * 1, melanoma) == []
        assert find_near_covers(ticks, melanoma * 1) == []


def test_one_row_or_two_in_a_hundred_may_be_of_another_level():
    codes = np.r_[np.zeros(100, dtype=int), np.ones(20, dtype=int)]
    pure = [is_nearly_pure(np.arange(120) < 100 + more, codes) for more in (0, 2, 3)]
    assert pure == [True, True, False]
    assert is_nearly_pure(np.isin(np.arange(120), [0, 1, 100]), codes)
    assert not is_nearly_pure(np.zeros(120, dtype=bool), codes)
