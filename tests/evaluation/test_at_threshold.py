from dataclasses import replace

import numpy as np
import pytest

from automl_skin.evaluation.at_threshold import AtThreshold, measure_at_threshold
from automl_skin.evaluation.operating_point import OperatingPoint
from automl_skin.records import from_plain, to_plain

POINT = OperatingPoint(0.95, 0.4, 0.948, 0.93, 0.962, 0.71, positive_groups=60)


def measure(labels, scores, point=POINT):
    return measure_at_threshold(np.array(labels), np.array(scores), np.arange(len(labels)), point)


def test_rates_count_the_decisions():
    labels = [1] * 10 + [0] * 40
    scores = [0.4] * 8 + [0.39] * 2 + [0.9] * 12 + [0.1] * 28
    found = measure(labels, scores)
    assert found.counts == (28, 12, 2, 8)
    rates = {name: rate.value for name, rate in found.rates.items()}
    assert rates == pytest.approx({"sensitivity": 0.8, "specificity": 0.7, "PPV": 0.4, "NPV": 28 / 30})
    assert all(rate.low < rate.value < rate.high for rate in found.rates.values())
    assert "8 of 10 positive cases found, 12 of 40 negative ones taken for positive" in found.describe()
    assert found.metrics["npv_low"] == found.npv.low
    assert len(found.metrics) == 12
    assert from_plain(AtThreshold, to_plain(found), "a file") == found


def test_what_nobody_is_counted_for_is_not_defined():
    found = measure([1, 0, 0], [0.1, 0.2, 0.3])  # nobody is taken for positive
    assert found.ppv is None
    assert "PPV not defined" in found.describe()
    assert "ppv" not in found.metrics


@pytest.mark.parametrize(
    ("score", "words"), [(0.9, "Every case is called positive"), (0.1, "No case is called positive")]
)
def test_a_threshold_that_decides_nothing_says_so(score, words):
    found = measure([1, 1, 0, 0], [score] * 4)
    assert words in found.describe()
    assert found.one_sided.startswith(words)
    assert measure([1, 0], [0.9, 0.1]).one_sided == ""


def test_what_could_not_be_promised_goes_with_the_threshold():
    assert measure([1, 0], [0.9, 0.1]).stands_for == "a sensitivity of 0.95"
    few = measure([1, 0], [0.9, 0.1], replace(POINT, positive_groups=9))
    assert few.stands_for == "a sensitivity of 0.95, which so few positive groups could not promise"
