import math

from automl_skin.evaluation.record import in_words, known, listed, number


def test_what_is_not_defined_says_so():
    assert known(math.nan) is None
    assert known(0.5) == 0.5
    assert in_words(None) == number(None) == "not defined"
    assert number(0.25, 1) == "0.2"


def test_lists_of_names():
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a and b"
