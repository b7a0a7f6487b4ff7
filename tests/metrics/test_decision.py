import numpy as np
import pytest

from automl_skin.errors import InputError
from automl_skin.metrics.decision import net_benefit


def test_agrees_with_counting_by_hand():
    rng = np.random.default_rng(0)
    labels, scores = (rng.random(50) < 0.3).astype(int), rng.random(50)
    for threshold in (0.05, 0.2, 0.5, 0.9):
        found = sum(1 for y, s in zip(labels, scores, strict=True) if s >= threshold and y)
        alarms = sum(1 for y, s in zip(labels, scores, strict=True) if s >= threshold and not y)
        expected = found / 50 - alarms / 50 * threshold / (1 - threshold)
        assert net_benefit(labels, scores, np.array([threshold])) == pytest.approx([expected])


def test_treating_all_is_worth_nothing_where_the_threshold_is_the_prevalence():
    labels = np.array([1] * 3 + [0] * 7)
    benefit = net_benefit(labels, np.ones(10), np.array([0.1, 0.3, 0.5]))
    assert benefit[1] == pytest.approx(0)
    assert benefit[0] > 0 > benefit[2]


def test_a_perfect_model_has_the_prevalence_everywhere():
    labels = np.array([1] * 3 + [0] * 7)
    assert net_benefit(labels, labels.astype(float), np.array([0.01, 0.5, 0.99])) == pytest.approx([0.3] * 3)


@pytest.mark.parametrize("threshold", [0.0, 1.0, np.nan])
def test_a_threshold_outside_is_refused(threshold):
    with pytest.raises(InputError, match=r"expected values in \(0, 1\)"):
        net_benefit(np.array([0, 1]), np.array([0.1, 0.9]), np.array([threshold]))
