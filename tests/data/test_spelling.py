import pytest

from automl_skin.data.spelling import find_spellings, spelling_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Malignant", "malignant"),
        ("in  situ", "in\u00a0situ"),
        ("b\u00f6se", "BO\u0308SE"),
        ("nv", "\ufeffnv"),
        ("1", "1.0"),
        ("true", "1"),
        ("stra\u00dfe", "STRASSE"),
    ],
)
def test_one_word(one, other):
    assert spelling_key(one) == spelling_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("mel", "meI"), ("1234567", "1234568"), ("b\u00e9nin", "benin"), ("yes", "1")]
)
def test_two_words(one, other):
    assert spelling_key(one) != spelling_key(other)


def test_groups_of_spellings():
    assert find_spellings(["a", "b", "A", "c"]) == [("A", "a")]
