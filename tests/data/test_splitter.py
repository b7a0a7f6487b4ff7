import numpy as np
import pandas as pd
import pytest

from automl_skin.data.groups import connected_groups
from automl_skin.data.splitter import _as_fraction, choose_locked, deal, merge_rare_strata
from automl_skin.errors import TableError


def study(n, seed=0):
    rng = np.random.default_rng(seed)
    index = pd.Index([f"c{i:04d}" for i in range(n)])
    groups = pd.Series([f"g{i // 2}" for i in range(n)], index=index)
    of_group = rng.integers(0, 4, size=n // 2 + 1)
    diagnosis = pd.Series([f"d{of_group[i // 2]}" for i in range(n)], index=index)
    strata = pd.DataFrame({"class": diagnosis.isin(["d0"]).map(str), "diagnosis": diagnosis})
    return groups, strata


def test_strata_of_enough_groups_stay_apart():
    groups, strata = study(200)
    assert merge_rare_strata(strata, groups, 5).nunique() == strata["diagnosis"].nunique()


def test_rare_strata_join_within_their_class():
    groups, strata = study(200)
    strata.loc[groups.index[:2], "diagnosis"] = ["rare", "rare"]
    merged = merge_rare_strata(strata, groups, 5)
    classes = strata["class"].groupby(merged).nunique()
    assert (classes == 1).all() or merged[groups.index[0]] == merged[strata["class"] == "False"].mode()[0]


def test_what_is_rare_even_as_a_class_joins_the_largest_stratum():
    groups, strata = study(100)
    strata.loc[groups.index[:2]] = ["third", "third"]
    merged = merge_rare_strata(strata, groups, 5)
    assert merged[groups.index[0]] == merged[2:].mode()[0]


def test_groups_stay_whole_and_strata_are_even():
    groups, strata = study(1000)
    part = pd.Series(deal(strata, groups, 5, seed=1), index=groups.index)
    assert part.groupby(groups).nunique().max() == 1
    counts = pd.crosstab(part, strata["diagnosis"])
    assert (counts.max() - counts.min() <= 4).all()


def test_the_order_of_the_rows_does_not_matter():
    groups, strata = study(120)
    shuffled = groups.sample(frac=1, random_state=3)
    part = pd.Series(deal(strata, groups, 4, seed=1), index=groups.index)
    again = pd.Series(deal(strata.loc[shuffled.index], shuffled, 4, seed=1), index=shuffled.index)
    pd.testing.assert_series_equal(part, again.loc[part.index])


def test_the_seed_matters():
    groups, strata = study(120)
    assert (deal(strata, groups, 4, seed=1) != deal(strata, groups, 4, seed=2)).any()


@pytest.mark.parametrize(
    ("share", "fraction"), [(0.2, (1, 5)), (0.25, (1, 4)), (0.3, (3, 10)), (0.5, (1, 2)), (0.15, (3, 20))]
)
def test_shares_become_fractions(share, fraction):
    assert _as_fraction(share) == fraction


def study_of(classes, lesions):
    index = pd.Index([f"c{i:03d}" for i in range(len(classes))])
    groups = connected_groups(pd.DataFrame({"lesion": lesions}, index=index))
    return groups, pd.DataFrame({"class": classes}, index=index)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3, 0.5])
def test_the_locked_share_is_met_in_every_class(share):
    rng = np.random.default_rng(0)
    groups, strata = study_of(rng.choice(["a", "b"], 400), [f"l{i}" for i in range(400)])
    locked = choose_locked(groups, strata, 5, share, seed=0)
    assert locked.groupby(strata["class"]).mean().to_numpy() == pytest.approx(share, abs=0.02)


def test_a_rare_class_leaves_a_group_for_every_fold():
    groups, strata = study_of(["rare"] * 6 + ["often"] * 60, [f"l{i}" for i in range(66)])
    for seed in range(10):
        locked = choose_locked(groups, strata, 5, 0.2, seed=seed)
        assert (~locked[:6]).sum() >= 5


def test_a_class_of_too_few_groups_is_named():
    groups, strata = study_of(["rare"] * 20 + ["often"] * 60, ["one"] * 10 + [f"l{i}" for i in range(70)])
    strata.loc[groups.ids.index[15:20], "class"] = "often"
    strata.loc[groups.ids.index[10:13], "class"] = "often"
    with pytest.raises(TableError, match=r"at least 6 groups.*rare has 3"):
        choose_locked(groups, strata, 5, 0.2, seed=0)


@pytest.mark.parametrize("seed", range(12))
def test_a_dozen_positive_groups_lock_their_share(seed):
    """Of diagnoses too rare to be spread, and photographed one to six times."""
    rng = np.random.default_rng(seed)
    of_group = ["rare"] * 12 + ["often"] * 150
    diagnosis = [f"d{i}" for i in rng.choice(4, 12, p=[0.55, 0.2, 0.15, 0.1])] + ["nevus"] * 150
    times = rng.integers(1, 7, 162)
    groups, strata = study_of(np.repeat(of_group, times), np.repeat([f"l{i}" for i in range(162)], times))
    strata["diagnosis"] = np.repeat(diagnosis, times)
    locked = choose_locked(groups, strata, 5, 0.2, seed=seed)
    rare = groups.ids[locked & (strata["class"] == "rare")].nunique()
    assert rare in {2, 3}
    pd.testing.assert_series_equal(locked, choose_locked(groups, strata, 5, 0.2, seed=seed))
