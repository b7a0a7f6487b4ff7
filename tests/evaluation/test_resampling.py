import numpy as np
import pytest

from automl_skin.errors import InputError
from automl_skin.evaluation.resampling import rate_intervals, resampled_aucs
from automl_skin.metrics.intervals import auc_difference, central_range, weight_blocks
from automl_skin.metrics.ranking import macro_auc


def draw(seed, n=300, strength=1.0):
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < 0.3).astype(int)
    z = strength * labels + rng.normal(0, 1, n)
    p = 1 / (1 + np.exp(-z))
    return labels, np.column_stack([1 - p, p]), np.repeat(np.arange(n // 2), 2)


def test_rows_are_those_of_the_intervals_and_paired():
    labels, first, groups = draw(0)
    second = draw(1)[1]
    values = resampled_aucs(labels, [first, second], groups, n_resamples=200, seed=4)
    assert values[0].mean() == pytest.approx(macro_auc(labels, first), abs=0.01)
    gain = auc_difference(labels, first, second, groups, n_resamples=200, seed=4)
    assert central_range(values[0] - values[1]) == pytest.approx((gain.low, gain.high))


def test_a_model_without_a_score_is_an_error():
    labels, first, groups = draw(0)
    first[3] = np.nan
    with pytest.raises(InputError, match="expected finite probabilities"):
        resampled_aucs(labels, [first], groups)


def bootstrap_weights(groups, n_resamples, seed):
    """All resamples at once."""
    return np.concatenate(list(weight_blocks(groups, n_resamples, seed)))


def test_interval_equals_repeating_groups():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 60, 150)
    counted, hits = rng.random(150) < 0.4, rng.random((2, 150)) < 0.7
    found = rate_intervals(hits, counted, groups, n_resamples=300, seed=2)
    weights = bootstrap_weights(groups, 300, 2) * counted
    for row, interval in zip(hits, found, strict=True):
        assert interval.value == pytest.approx(row[counted].mean())
        shares = (weights * row).sum(axis=1) / weights.sum(axis=1)
        assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(shares, [0.025, 0.975])))


def test_groups_that_agree_widen_the_interval():
    rng = np.random.default_rng(0)
    hit = np.repeat(rng.random(50) < 0.7, 10)
    alone = rate_intervals(hit[None], np.ones(500, bool), np.arange(500))[0]
    together = rate_intervals(hit[None], np.ones(500, bool), np.repeat(np.arange(50), 10))[0]
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_all_or_none_still_has_width():
    groups = np.repeat(np.arange(20), 2)
    counted = groups < 10
    everything, nothing = rate_intervals(np.array([np.ones(40, bool), np.zeros(40, bool)]), counted, groups)
    assert everything.low == pytest.approx(0.025 ** (1 / 10))
    assert everything.high == 1
    assert nothing.high == pytest.approx(1 - everything.low)
    assert nothing.low == 0


def test_nothing_to_count():
    with pytest.raises(InputError, match="no cases of that class"):
        rate_intervals(np.ones((1, 4), bool), np.zeros(4, bool), np.arange(4))
