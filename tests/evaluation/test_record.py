import math

from automl_skin.evaluation.record import (
    in_words,
    interval_from_json,
    interval_to_json,
    known,
    listed,
    number,
)
from automl_skin.metrics.intervals import Interval


def test_intervals_come_back():
    interval = Interval(0.9, 0.8, 0.95)
    assert interval_from_json(interval_to_json(interval)) == interval
    assert interval_to_json(None) is None
    assert interval_from_json(None) is None


def test_what_is_not_defined_says_so():
    assert known(math.nan) is None
    assert known(0.5) == 0.5
    assert in_words(None) == number(None) == "not defined"
    assert number(0.25, 1) == "0.2"


def test_lists_of_names():
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a and b"
