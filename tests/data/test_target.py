import re

import numpy as np
import pandas as pd
import pytest

from automl_skin.data.target import choose_target
from automl_skin.errors import TableError

DX = pd.Series(["nv", "mel", "bcc", "nv", "unknown"], dtype="str")


def test_several_classes_are_sorted():
    target = choose_target("dx", DX)
    assert target.classes == ("bcc", "mel", "nv")
    assert not target.is_binary
    np.testing.assert_array_equal(target.labels(DX), [2, 1, 0, 2, -1])
    with pytest.raises(TableError, match="got df as well"):
        target.labels(pd.Series(["df"]))


def test_positive_values_make_it_binary():
    target = choose_target("dx", DX, ("mel", "bcc"))
    assert target.is_binary
    assert target.classes == ("nv", "positive")
    assert target.levels == ("bcc", "mel", "nv")
    np.testing.assert_array_equal(target.labels(DX), [0, 1, 1, 0, -1])


@pytest.mark.parametrize("values", [[1, 0], [1.0, 0.0], ["1", "0"], ["1.0", "0"]])
@pytest.mark.parametrize("positive", ["1", "1.0"])
def test_numbers_match_however_they_are_written(values, positive):
    target = choose_target("y", pd.Series(values), (positive,))
    np.testing.assert_array_equal(target.labels(pd.Series(values)), [1, 0])
    assert target.classes == ("0", "1")


@pytest.mark.parametrize(
    ("levels", "positive"),
    [
        (["benign", "malignant"], "malignant"),
        (["melanoma", "nevus"], "melanoma"),
        (["ja", "Nein"], "ja"),
        (["S\u00ed", "No"], "S\u00ed"),
        ([1.0, 0.0], "1"),
        ([True, False], "True"),
    ],
)
def test_of_two_known_words_one_is_positive(levels, positive):
    target = choose_target("y", pd.Series(levels))
    assert target.positive == (positive,)
    assert target.classes[1] == positive
    assert positive in target.note


@pytest.mark.parametrize(
    "levels",
    [
        ("1", "2"),
        ("nein", "normal"),
        ("normal", "auff\u00e4llig"),
        ("control", "x"),
        ("benign", "carcinoma"),
        ("b", "m"),
    ],
)
def test_of_two_other_values_nobody_knows(levels):
    values = pd.Series([levels[0]] * 3 + [levels[1]])
    listed = rf"it holds {levels[0]} \(3\), {levels[1]} \(1\)\. Add --positive "
    with pytest.raises(TableError, match=listed):
        choose_target("y", values)
    assert choose_target("y", values, levels[:1]).positive == levels[:1]


def test_the_option_to_add_can_be_pasted_into_a_shell():
    with pytest.raises(TableError, match=r"""Add --positive 'low grade' or --positive '"high, grade"'$"""):
        choose_target("y", pd.Series(["low grade", "low grade", "high, grade"]))


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        ("malignant", "Malignant", "'malignant' (1) and 'Malignant' (1)"),
        ("bowen disease", "bowen  disease", "'bowen disease' (1) and 'bowen  disease' (1)"),
        ("b\u00f6se", "bo\u0308se", r"'b\xf6se' (1) and 'bo\u0308se' (1)"),
        ("ak", "ak\u200b", r"'ak' (1) and 'ak\u200b' (1)"),
        ("1", "True", "'1' (1) and 'True' (1)"),
        ("2", "02", "'2' (1) and '02' (1)"),
    ],
)
def test_one_word_in_two_spellings(one, other, shown):
    values = pd.Series([one, other, "other"])
    with pytest.raises(TableError, match=re.escape(f"{shown}, which differ only in case, blanks")) as failed:
        choose_target("y", values, [one])
    assert f"--positive {one!r} would leave the other negative" in str(failed.value)
    with pytest.raises(TableError, match="expected one spelling per value"):
        choose_target("y", values)
    np.testing.assert_array_equal(choose_target("y", values, (one, other)).labels(values), [1, 1, 0])
    np.testing.assert_array_equal(choose_target("y", values, ["other"]).labels(values), [0, 0, 1])


def test_a_word_for_missing_is_no_positive_value():
    with pytest.raises(TableError, match="'unknown': expected a diagnosis, got a word for a missing value"):
        choose_target("dx", DX, ["unknown"])


def test_a_positive_value_that_is_not_there():
    with pytest.raises(TableError, match=r"holds nv \(2\), mel \(1\), bcc \(1\); did you mean 'mel'"):
        choose_target("dx", DX, ("MEL",))
    with pytest.raises(TableError, match="choose among these"):
        choose_target("dx", DX, ("zebra",))


def test_one_class_is_not_enough():
    with pytest.raises(TableError, match=r"at least two values, got nv \(2\)"):
        choose_target("dx", pd.Series(["nv", "nv", None]))
    with pytest.raises(TableError, match="at least one negative value in column 'dx'"):
        choose_target("dx", DX, ("mel", "bcc", "nv"))


def test_levels_and_names_are_those_of_the_cases_that_decide():
    values = pd.Series(["nevus", "melanoma", "wart", "carcinoma"])
    target = choose_target("dx", values, ["melanoma", "carcinoma"])
    some = target.among(values[:2])
    assert some.levels == ("melanoma", "nevus")
    assert some.classes == ("nevus", "positive")
    assert some.positive == ("melanoma", "carcinoma")
    assert some.labels(values).tolist() == [0, 1, 0, 1]
    several = choose_target("dx", values).among(values[1:])
    assert several.classes == several.levels == ("carcinoma", "melanoma", "wart")


def rare_target(minimum):
    values = pd.Series(["nv"] * 30 + ["mel"] * 12 + ["df"] * 4 + ["vasc"] * 3)
    units = pd.Series([f"p{number}" for number in range(48)] + ["p47"])
    return choose_target("dx", values).merge_rare(values, units, minimum), values


def test_rare_classes_are_merged_into_other_and_named():
    target, values = rare_target(5)
    assert target.classes == ("mel", "nv", "other")
    assert target.merged == ("df", "vasc")
    assert "df (4), vasc (2) merged into 'other' by --merge-rare 5" in target.note
    assert np.bincount(target.labels(values)).tolist() == [12, 30, 7]
    assert target.levels == ("df", "mel", "nv", "vasc")


def test_what_counts_for_merging_is_patients_and_lesions_and_not_photographs():
    assert rare_target(3)[0].merged == ("vasc",)
    assert rare_target(2)[0].merged == ()


def test_merging_everything_or_a_binary_target_is_refused():
    with pytest.raises(
        TableError, match="--merge-rare 99: expected a class of 99 patients or lesions at least"
    ):
        rare_target(99)
    values = pd.Series(["a", "b"])
    with pytest.raises(TableError, match="expected a target of several classes, got a binary one"):
        choose_target("dx", values, ["a"]).merge_rare(values, values, 2)
