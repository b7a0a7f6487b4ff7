import numpy as np
import pandas as pd

from automl_skin.evaluation.levels import split_columns, split_levels


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


def test_other_cases_are_cut_where_the_first_ones_are():
    first = pd.DataFrame({"dosage": np.arange(100.0), "site": ["arm", "leg"] * 50})
    other = pd.DataFrame({"dosage": [-5.0, 30.0, 99.5, np.nan], "site": ["leg", "ear", None, "arm"]})
    levels = split_columns(other, first)
    assert levels["dosage"].tolist() == ["0 to 24.75", "24.75 to 49.5", "74.25 to 99", "missing"]
    assert levels["site"].tolist() == ["leg", "other", "missing", "arm"]
    assert split_columns(first)["site"].cat.categories.tolist() == ["arm", "leg", "missing"]
