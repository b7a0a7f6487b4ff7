import numpy as np
import pandas as pd
import pytest

from automl_skin.evaluation.subgroups import Subgroup, split_levels, subgroup_figures
from automl_skin.metrics.intervals import Interval, auc_interval
from automl_skin.records import from_plain, to_plain


@pytest.fixture(scope="module")
def study():
    rng = np.random.default_rng(0)
    labels = (rng.random(800) < 0.3).astype(int)
    sex = rng.choice(["male", "female"], 800)
    z = np.where(sex == "male", 2.5, 0.2) * labels + rng.normal(-1, 1, 800)
    p = 1 / (1 + np.exp(-z))
    site = np.where(np.arange(800) < 15, "scalp", "back")
    labels[:15] = 0
    labels[3] = 1
    columns = pd.DataFrame({"sex": sex, "site": site})
    columns.loc[700:, "sex"] = None
    return labels, np.column_stack([1 - p, p]), np.arange(800) // 2, columns


def test_levels_with_their_intervals(study):
    labels, p, groups, columns = study
    found = subgroup_figures(labels, p, groups, columns, n_resamples=200, seed=1)
    assert {(each.column, each.level) for each in found} == {
        ("sex", "male"),
        ("sex", "female"),
        ("sex", "missing"),
        ("site", "back"),
        ("site", "scalp"),
    }
    male = (columns["sex"] == "male").to_numpy(bool)
    expected = auc_interval(labels[male], p[male], groups[male], n_resamples=200, seed=1)
    assert next(each for each in found if each.level == "male").auc == expected
    assert sum(each.n_cases for each in found if each.column == "sex") == 800


def test_too_small_is_said_not_dropped(study):
    found = subgroup_figures(*study, n_resamples=50)
    scalp = next(each for each in found if each.level == "scalp")
    assert scalp.auc is None
    assert scalp.class_counts == (14, 1)
    assert (scalp.n_cases, scalp.too_small) == (15, "1 positive; 10 are needed")


def test_what_is_lower_than_overall_is_said(study):
    found = subgroup_figures(*study, n_resamples=200)
    lower = [(each.column, each.level) for each in found if each.is_below(0.75)]
    assert ("sex", "female") in lower
    assert ("sex", "male") not in lower
    assert ("site", "scalp") not in lower
    assert not any(each.is_below(None) for each in found)


def test_one_group_and_several_classes():
    rng = np.random.default_rng(0)
    labels, p = rng.integers(0, 3, 90), rng.dirichlet(np.ones(3), 90)
    columns = pd.DataFrame({"source": ["a"] * 60 + ["b"] * 30})
    labels[60:] = 2
    found = subgroup_figures(labels, p, np.arange(90), columns, n_resamples=50)
    assert found[0].auc is not None
    assert found[1].too_small == "0 outside its largest class; 10 are needed"
    same = np.where(np.arange(90) < 60, 0, np.arange(90))
    assert subgroup_figures(labels, p, same, columns, n_resamples=50)[0].too_small == "one group only"


def test_json(study):
    for each in subgroup_figures(*study, n_resamples=50):
        assert from_plain(Subgroup, to_plain(each), "a file") == each


def test_ages_have_fixed_bands():
    levels = split_levels(pd.Series([29.9, 30, 69, 70, np.nan, 95], name="age_approx"))
    assert levels.tolist() == ["under 30", "30 to 49", "50 to 69", "70 and over", "missing", "70 and over"]
    assert levels.cat.categories.tolist()[0] == "under 30"
    few = split_levels(pd.Series([20.0, 40.0], name="age"))
    assert few.tolist() == ["under 30", "30 to 49"]


def test_other_numbers_have_quarters():
    levels = split_levels(pd.Series(np.arange(100.0), name="dosage"))
    assert levels.value_counts().to_dict() == {
        "0 to 24.75": 25,
        "24.75 to 49.5": 25,
        "49.5 to 74.25": 25,
        "74.25 to 99": 25,
        "missing": 0,
    }


def test_few_numbers_and_words_stay():
    assert split_levels(pd.Series([1, 2, 1, 3], name="grade")).tolist() == ["1", "2", "1", "3"]
    assert split_levels(pd.Series(["f", None, "m"], name="sex")).tolist() == ["f", "missing", "m"]
    assert split_levels(pd.Series([True, False], name="changed")).tolist() == ["True", "False"]


def test_rare_words_are_taken_together():
    words = [f"site {k:02d}" for k in range(12)] * 3 + ["left ear", "right ear"]
    levels = split_levels(pd.Series(words, name="site"))
    assert levels.tolist()[-2:] == ["other (2 rarer levels)"] * 2
    assert len(levels.cat.categories) == 14


def test_a_level_is_below_where_its_whole_interval_is():
    level = Subgroup("sex", "male", 50, (25, 25), Interval(0.7, 0.6, 0.8))
    assert level.is_below(0.81)
    assert not level.is_below(0.8)
    assert not level.is_below(0.75)
