import pytest

from automl_skin.data.polarity import find_positive, read_ticks


@pytest.mark.parametrize(
    ("negative", "positive"),
    [
        ("0", "1"),
        ("FALSCH", "WAHR"),
        ("no", "yes"),
        ("nein", "ja"),
        ("non", "oui"),
        ("no", "si\u0301"),
        ("n\u00e3o", "sim"),
        ("no", "s\u00ec"),
        (" Benign", "MALIGNANT "),
        ("gutartig", "b\u00f6sartig"),
        ("b\u00e9nin", "malin"),
        ("benigno", "maligno"),
        ("negativ", "positiv"),
        ("n\u00e9gatif", "positif"),
    ],
)
def test_known_opposites(negative, positive):
    assert find_positive(negative, positive) == find_positive(positive, negative) == positive


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "2"),
        ("no", "normal"),
        ("benign", "yes"),
        ("yes", "ja"),
        ("0", "positive"),
        ("malignant", "carcinoma"),
    ],
)
def test_anything_else_is_not_known(one, other):
    assert find_positive(one, other) is find_positive(other, one) is None


def test_ticks():
    assert read_ticks(["0", "1"]) == {"0": False, "1": True}
    assert read_ticks(["ja"]) == {"ja": True}
    assert read_ticks(["benign", "malignant"]) is read_ticks(["1", "male"]) is None


@pytest.mark.parametrize(
    "column",
    [
        "is_benign",
        "benign",
        "nicht_maligne",
        "non_malignant",
        "Unauffällig",
        "gutartig",
        "healthy",
        "benigno",
        "noMalign",
    ],
)
@pytest.mark.parametrize("values", [("0", "1"), ("nein", "ja"), ("False", "True")])
def test_a_column_named_after_the_negative_class_turns_yes_round(column, values):
    assert find_positive(*values, column=column) is None
    assert find_positive("benign", "malignant", column=column) == "malignant"


@pytest.mark.parametrize("column", ["malignant", "cancer", "diagnosis", "melanoma", "notes_of_malignancy"])
def test_other_names_change_nothing(column):
    assert find_positive("0", "1", column=column) == "1"
