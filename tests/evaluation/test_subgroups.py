import numpy as np
import pandas as pd
import pytest

from automl_skin.evaluation.levels import split_columns
from automl_skin.evaluation.subgroups import Subgroup, adjust, describe_lower, subgroup_figures
from automl_skin.metrics.intervals import auc_interval
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
    return labels, np.column_stack([1 - p, p]), np.arange(800) // 2, split_columns(columns)


def test_levels_with_their_intervals(study):
    labels, p, groups, columns = study
    found = subgroup_figures(labels, p, groups, columns)
    assert {(each.column, each.level) for each in found} == {
        ("sex", "male"),
        ("sex", "female"),
        ("sex", "missing"),
        ("site", "back"),
        ("site", "scalp"),
    }
    male = (columns["sex"] == "male").to_numpy(bool)
    expected = auc_interval(labels[male], p[male], groups[male], seed=1)
    assert next(each for each in found if each.level == "male").auc == expected
    assert sum(each.n_cases for each in found if each.column == "sex") == 800


def test_too_small_is_said_not_dropped(study):
    found = subgroup_figures(*study)
    scalp = next(each for each in found if each.level == "scalp")
    assert scalp.auc is None
    assert scalp.class_counts == (14, 1)
    assert (scalp.n_cases, scalp.too_small) == (15, "1 positive; 10 are needed")


def test_what_is_lower_than_expected_is_said(study):
    found = subgroup_figures(*study)
    assert [(each.column, each.level) for each in found if each.is_lower] == [("sex", "female")]
    female = next(each for each in found if each.level == "female")
    assert female.auc.value < female.expected_auc - 0.1
    assert (female.verdict, describe_lower([female]).startswith("Warning: less good for some of 1")) == (
        "lower than expected",
        True,
    )
    scalp = next(each for each in found if each.level == "scalp")
    assert (scalp.expected_auc, scalp.p_value, scalp.verdict) == (None, None, "not compared")
    male = next(each for each in found if each.level == "male")
    assert describe_lower([male, scalp]).startswith("Subgroups: none of 1 compared")


def test_shares_and_decisions_by_level(study):
    labels, p, groups, columns = study
    found = subgroup_figures(labels, p, groups, columns, threshold=0.4)
    male = next(each for each in found if each.level == "male")
    rows = (columns["sex"] == "male").to_numpy(bool)
    assert male.share.value == pytest.approx(labels[rows].mean())
    assert male.share.low < male.share.value < male.share.high
    assert male.mean_probability == pytest.approx(p[rows, 1].mean())
    assert male.sensitivity.value == pytest.approx((p[rows & (labels == 1), 1] >= 0.4).mean())
    assert male.specificity.value == pytest.approx((p[rows & (labels == 0), 1] < 0.4).mean())
    without = subgroup_figures(labels, p, groups, columns)
    assert all(each.sensitivity is each.specificity is None for each in without)


def test_holm_agrees_with_the_definition():
    p_values = [0.01, None, 0.04, 0.03, 0.005]
    levels = [Subgroup("sex", str(p), 50, (25, 25), None, p_value=p) for p in p_values]
    assert [each.p_value for each in adjust(levels)] == [pytest.approx(0.03), None, 0.06, 0.06, 0.02]


def test_one_group_and_several_classes():
    rng = np.random.default_rng(0)
    labels, p = rng.integers(0, 3, 90), rng.dirichlet(np.ones(3), 90)
    columns = split_columns(pd.DataFrame({"source": ["a"] * 60 + ["b"] * 30}))
    labels[60:] = 2
    found = subgroup_figures(labels, p, np.arange(90), columns)
    assert found[0].auc is not None
    assert found[1].too_small == "0 outside its largest class; 10 are needed"
    same = np.where(np.arange(90) < 60, 0, np.arange(90))
    assert subgroup_figures(labels, p, same, columns)[0].too_small == "one group only"


def test_json(study):
    for each in subgroup_figures(*study):
        assert from_plain(Subgroup, to_plain(each), "a file") == each
