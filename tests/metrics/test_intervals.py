from functools import partial

import numpy as np
import pytest
import scipy.special
import scipy.stats

from automl_skin.errors import ConfigError, InputError
from automl_skin.metrics import intervals
from automl_skin.metrics.catalogue import METRICS, Metric
from automl_skin.metrics.intervals import (
    Interval,
    auc_difference,
    auc_interval,
    central_range,
    metric_interval,
    rate_intervals,
    weight_blocks,
)
from automl_skin.metrics.ranking import class_priors, partial_auc

STUDIES = 250


def bootstrap_weights(groups, n_resamples, seed):
    """All resamples at once."""
    return np.concatenate(list(weight_blocks(groups, n_resamples, seed)))


def draw(seed, n=200, n_classes=2, n_groups=150, strength=0.4):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_classes, n)
    probabilities = rng.dirichlet(np.ones(n_classes), n) + strength * np.eye(n_classes)[labels]
    groups = np.array([f"g{k}" for k in rng.integers(0, n_groups, n)], dtype=object)
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True), groups


def test_groups_are_drawn_whole():
    groups = np.array(["a", "b", "a", "c", "a", "b"])
    weights = bootstrap_weights(groups, 300, 0)
    assert weights.shape == (300, 6)
    for name in "abc":
        members = weights[:, groups == name]
        assert (members == members[:, :1]).all()
    drawn = weights[:, [0, 1, 3]]
    assert (drawn.sum(axis=1) == 3).all()
    np.testing.assert_allclose(drawn.mean(axis=0), 1, atol=0.2)


def test_seed_decides_and_memory_does_not(monkeypatch):
    groups = np.arange(50) // 2
    first = bootstrap_weights(groups, 100, 7)
    monkeypatch.setattr(intervals, "_BLOCK_ENTRIES", 7 * 50)
    np.testing.assert_array_equal(bootstrap_weights(groups, 100, 7), first)
    assert not np.array_equal(bootstrap_weights(groups, 100, 8), first)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_interval_equals_repeating_rows(n_classes):
    labels, probabilities, groups = draw(0, n_classes=n_classes)
    fast = metric_interval(METRICS["partial_auc"], labels, probabilities, groups, n_resamples=60, seed=3)
    values = []
    for counts in bootstrap_weights(groups, 60, 3).astype(int):
        rows = np.concatenate([np.full(times, case) for case, times in enumerate(counts)])
        values.append(partial_auc(labels[rows], probabilities[rows]))
    assert fast.value == pytest.approx(partial_auc(labels, probabilities))
    assert (fast.low, fast.high) == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])))


def test_a_metric_without_vectorised_form_is_repeated():
    labels, probabilities, groups = draw(1)
    threshold = Metric("threshold", lambda y, p: float(np.quantile(p[y == 1, 1], 0.1)), True)
    found = metric_interval(threshold, labels, probabilities, groups, n_resamples=100)
    assert found.low <= found.value <= found.high
    slow_area = Metric("area", partial_auc, True)
    slow = metric_interval(slow_area, labels, probabilities, groups, n_resamples=50)
    fast = metric_interval(METRICS["partial_auc"], labels, probabilities, groups, n_resamples=50)
    assert (slow.low, slow.high) == pytest.approx((fast.low, fast.high))


def test_order_of_cases_does_not_matter():
    labels, probabilities, groups = draw(2)
    before = auc_interval(labels, probabilities, groups, n_resamples=200)
    order = np.random.default_rng(0).permutation(len(labels))
    after = auc_interval(labels[order], probabilities[order], groups[order], n_resamples=200)
    assert (after.low, after.high) == pytest.approx((before.low, before.high))


def test_repeated_photographs_do_not_narrow_the_interval():
    labels, probabilities, _ = draw(3)
    lesions = np.arange(len(labels))
    once = auc_interval(labels, probabilities, lesions)
    four = auc_interval(np.repeat(labels, 4), np.repeat(probabilities, 4, axis=0), np.repeat(lesions, 4))
    as_if_independent = auc_interval(
        np.repeat(labels, 4), np.repeat(probabilities, 4, axis=0), np.arange(4 * len(labels))
    )
    assert (four.low, four.high) == pytest.approx((once.low, once.high), abs=0.003)
    assert as_if_independent.high - as_if_independent.low < 0.7 * (once.high - once.low)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    """Scores of two normals one apart have AUC Phi(1 / sqrt 2) = 0.7602."""
    rng = np.random.default_rng(0)
    covered = 0
    for study in range(150):
        labels = np.arange(150) % 2
        scores = rng.normal(labels, 1)
        found = auc_interval(
            labels, np.column_stack([-scores, scores]), np.arange(150), n_resamples=300, seed=study
        )
        covered += found.low <= 0.7602 <= found.high
    assert 0.88 <= covered / 150 <= 0.99


def test_difference_is_paired():
    labels, probabilities, groups = draw(4)
    _, other, _ = draw(5)
    same = auc_difference(labels, probabilities, probabilities, groups, n_resamples=100)
    assert same == Interval(0, 0, 0)
    near = probabilities + 0.05 * other
    paired = auc_difference(labels, near, probabilities, groups)
    alone = auc_interval(labels, probabilities, groups)
    assert paired.high - paired.low < (alone.high - alone.low) / 2
    there = auc_difference(labels, probabilities, other, groups, n_resamples=100)
    back = auc_difference(labels, other, probabilities, groups, n_resamples=100)
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))


def test_resamples_without_a_class_do_not_count():
    labels = np.array([0, 0, 0, 0, 0, 1])
    probabilities = np.column_stack([np.arange(6, 0, -1), np.arange(1, 7)]) / 7
    found = metric_interval(METRICS["partial_auc"], labels, probabilities, np.arange(6), n_resamples=100)
    assert (found.low, found.high) == pytest.approx((0.2, 0.2))


def test_too_few_groups_say_so_and_give_a_wide_interval():
    labels = np.array([0, 0, 0, 0, 0, 1])
    probabilities = np.column_stack([np.arange(6, 0, -1), np.arange(1, 7)]) / 7
    found = auc_interval(labels, probabilities, np.arange(6))
    assert not found.enough
    assert (found.value, found.high) == (1, 1)
    assert found.low < 0.1
    many = auc_interval(np.arange(40) % 2, np.repeat([[0.6, 0.4], [0.4, 0.6]], 20, axis=0), np.arange(40))
    assert many.enough


@pytest.mark.parametrize("turned", [False, True])
def test_classes_that_separate_have_an_interval(turned):
    labels, scores = np.repeat([0, 1], 15), np.arange(30.0)
    scores = -scores if turned else scores
    found = auc_interval(labels, np.column_stack([-scores, scores]), np.arange(30))
    assert found.value == (0 if turned else 1)
    assert (found.high, found.low)[turned] == found.value
    assert 0.1 < found.high - found.low < 0.4


# Normal scores; AUC; positive groups of how many cases; negative cases. Here the percentiles of a bootstrap cover
# 0.87 to 0.92, most misses lying above, or have no width.
CELLS = [(0.95, 12, 1, 88), (0.8, 12, 4, 100), (0.95, 12, 4, 352), (0.99, 40, 1, 360)]


@pytest.mark.parametrize(("auc", "n_groups", "size", "n_negative"), CELLS)
def test_interval_of_few_groups_holds_the_truth(auc, n_groups, size, n_negative):
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 0], [n_groups * size, n_negative])
    groups = np.concatenate([np.arange(n_groups * size) // size, n_groups + np.arange(n_negative) // size])
    distance = np.sqrt(2) * scipy.stats.norm.ppf(auc)
    below = above = 0
    for _ in range(STUDIES):
        shared = rng.normal(size=groups.max() + 1)[groups]
        own = rng.normal(size=len(labels))
        scores = distance * labels + (shared + own if size > 1 else np.sqrt(2) * own) / np.sqrt(2)
        found = auc_interval(labels, np.column_stack([-scores, scores]), groups)
        assert found.low < found.high
        above += found.low > auc
        below += found.high < auc
    assert 0.93 <= 1 - (above + below) / STUDIES <= 0.995
    assert above < 0.045 * STUDIES


def test_no_usable_resample_is_an_error():
    with pytest.raises(InputError, match=r"none of .* resamples has cases of two classes"):
        central_range(np.full(3, np.nan))


def test_impossible_wishes_are_errors():
    labels, probabilities, groups = draw(6)
    with pytest.raises(ConfigError, match="at least one resample"):
        auc_difference(labels, probabilities, probabilities, groups, n_resamples=0)
    with pytest.raises(InputError, match="groups: expected shape"):
        auc_interval(labels, probabilities, groups[:-1])


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


def test_single_cases_have_the_exact_interval():
    hit = np.arange(40) < 33
    found = rate_intervals(hit[None], np.ones(40, bool), np.arange(40))[0]
    exact = scipy.stats.binomtest(33, 40).proportion_ci()
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))
    assert found.enough
    assert not rate_intervals(hit[None, :9], np.ones(9, bool), np.arange(9))[0].enough


def test_nothing_to_count():
    with pytest.raises(InputError, match="no cases of that class"):
        rate_intervals(np.ones((1, 4), bool), np.zeros(4, bool), np.arange(4))


def jackknife(function, labels, probabilities, groups):
    """Standard error by leaving out one group at a time."""
    values = [function(labels[groups != g], probabilities[groups != g]) for g in np.unique(groups)]
    return np.std(values) * np.sqrt(len(values) - 1)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", ["auc", "average_precision", "balanced_accuracy"])
def test_width_is_that_of_a_jackknife_where_groups_are_many(name, n_classes):
    labels, probabilities, groups = draw(7, n=500, n_groups=220, n_classes=n_classes, strength=0.3)
    probabilities = np.round(probabilities, 2)  # ties
    metric = METRICS[name]
    found = metric_interval(metric, labels, probabilities, groups)
    assert found.value == pytest.approx(metric.function(labels, probabilities))
    function = metric.function
    if name == "balanced_accuracy":  # the rule is part of what is measured
        function = partial(function, priors=class_priors(labels, n_classes))
    spread = jackknife(function, labels, probabilities, groups)
    assert (found.high - found.low) / (2 * 1.96 * spread) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("name", ["auc", "average_precision", "balanced_accuracy"])
def test_no_width_is_zero_where_everything_is_right(name):
    labels = np.repeat([0, 1, 2], 12)
    found = metric_interval(METRICS[name], labels, np.eye(3)[labels], np.arange(36))
    assert found.value == found.high == 1
    assert 0.5 < found.low < 0.99
    assert found.enough


@pytest.mark.parametrize(("name", "at_least"), [("average_precision", 0.92), ("balanced_accuracy", 0.93)])
def test_intervals_of_few_positives_hold_the_truth(name, at_least):
    """The percentiles of a bootstrap cover 0.916 and 0.888 here."""
    metric, rng = METRICS[name], np.random.default_rng(1)
    labels, groups = np.repeat([1, 0], [30, 120]), np.arange(150) // 2

    def study(labels, groups):
        shared, own = rng.normal(size=groups.max() + 1)[groups], rng.normal(size=len(labels))
        p = scipy.special.expit(2.5 * labels - 2 + (shared + own) / np.sqrt(2))
        return np.column_stack([1 - p, p])

    many = np.tile(labels, 2000)
    truth = metric.function(many, study(many, np.arange(len(many))))
    held = 0
    for _ in range(STUDIES):
        found = metric_interval(metric, labels, study(labels, groups), groups)
        held += found.low <= truth <= found.high
    assert at_least <= held / STUDIES <= 0.995
