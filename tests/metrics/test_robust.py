import numpy as np
import pytest

from automl_skin.metrics.catalogue import METRICS
from automl_skin.metrics.intervals import weight_blocks
from automl_skin.metrics.robust import robust_metric


def bootstrap_weights(groups, n_resamples, seed):
    """All resamples at once."""
    return np.concatenate(list(weight_blocks(groups, n_resamples, seed)))


def made_up(n_cases=120, n_classes=2):
    rng = np.random.default_rng(0)
    labels = np.tile(rng.integers(n_classes, size=n_cases), 3)
    probabilities = rng.dirichlet(np.ones(n_classes), 3 * n_cases)
    return labels, probabilities, np.repeat([0, 1, 2], n_cases)


@pytest.mark.parametrize("name", METRICS)
def test_home_counts_as_much_as_all_shifts_together(name):
    labels, probabilities, shift = made_up()
    metric = METRICS[name]
    home, first, second = (
        metric.function(labels[shift == each], probabilities[shift == each]) for each in range(3)
    )
    robust = robust_metric(metric, shift)
    assert robust.function(labels, probabilities) == pytest.approx(home / 2 + first / 4 + second / 4)
    assert robust.utility(labels, probabilities) == pytest.approx(
        metric.sign * robust.function(labels, probabilities)
    )
    assert robust.greater_is_better == metric.greater_is_better


@pytest.mark.parametrize("n_classes", [2, 3])
def test_on_resamples_it_is_what_it_is_on_repeated_rows(n_classes):
    labels, probabilities, shift = made_up(n_classes=n_classes)
    robust = robust_metric(METRICS["auc"], shift)
    weights = bootstrap_weights(np.arange(len(labels)), 5, seed=1)
    values = robust.on_resamples(labels, probabilities, weights)
    for value, times in zip(values, weights, strict=True):
        rows = np.repeat(np.arange(len(labels)), times.astype(int))
        again = robust_metric(METRICS["auc"], shift[rows])
        assert value == pytest.approx(again.function(labels[rows], probabilities[rows]))


def test_without_shifted_rows_it_is_the_metric_itself():
    assert robust_metric(METRICS["auc"], np.zeros(5, np.int64)) is METRICS["auc"]
