import pandas as pd
import pytest

from automl_skin.errors import TableError
from automl_skin.papers.curation.classes import classes_of, require_both_classes, surplus
from automl_skin.papers.curation.rules import TARGET, CurationRules

VALUES = ["benign", "Malignant", "indeterminate", "indeterminate/benign", "indeterminate/malignant", None]


def labelled(table, rules):
    return table.assign(**{TARGET: classes_of(table, rules)})


def test_the_paper_maps_five_values_and_missing_ones(isic):
    table = isic(6, benign_malignant=VALUES)
    assert list(classes_of(table, CurationRules())) == [
        "NON-MEL",
        "MEL",
        "NON-MEL",
        "NON-MEL",
        "MEL",
        "NON-MEL",
    ]
    dropped = classes_of(table, CurationRules(unlabelled="drop"))
    assert list(dropped.isna()) == [False] * 5 + [True]


@pytest.mark.parametrize("values", [["benign"] * 3, ["malignant"] * 3, [None] * 3])
def test_a_table_of_one_class_is_refused(isic, values):
    table = isic(3, benign_malignant=values)
    with pytest.raises(TableError, match="expected melanoma"):
        require_both_classes(table, classes_of(table, CurationRules()), CurationRules())


def test_each_part_is_balanced_and_the_seed_decides(isic):
    rules = CurationRules()
    table = labelled(isic(60), rules).assign(split=["train"] * 42 + ["test"] * 18)
    why, note = surplus(table, rules)
    left = table.drop(index=why.index)
    assert left.groupby(["split", TARGET]).size().to_dict() == {
        ("test", "MEL"): 6,
        ("test", "NON-MEL"): 6,
        ("train", "MEL"): 14,
        ("train", "NON-MEL"): 14,
    }
    assert note == ""
    assert list(surplus(table, rules)[0].index) == list(why.index)
    assert list(surplus(table, CurationRules(seed=1))[0].index) != list(why.index)


def test_a_column_can_be_balanced_within(isic):
    rules = CurationRules(balance_within="year")
    table = labelled(isic(30, year=[2019.0] * 15 + [None] * 15), rules)
    left = table.drop(index=surplus(table, rules)[0].index)
    assert left.groupby(["year", TARGET], dropna=False).size().tolist() == [5, 5, 5, 5]


def test_complete_negatives_are_taken_first_and_what_is_missing_is_said(isic):
    table = labelled(isic(12), CurationRules())
    benign = table.index[table[TARGET] == "NON-MEL"]
    table.loc[benign[:3], "sex"] = None
    rules = CurationRules(complete_negatives=True)
    why, note = surplus(table, rules)
    assert set(benign[:3]) <= set(why.index)
    assert note == ""
    table.loc[benign[:6], "sex"] = None
    why, note = surplus(table, rules)
    assert len(table.drop(index=why.index)) == 8
    assert not set(benign[6:]) & set(why.index)
    assert note == "2 NON-MEL rows with missing fields were needed"
    assert isinstance(why, pd.Series)
