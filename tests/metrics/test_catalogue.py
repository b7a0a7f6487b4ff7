import numpy as np
import pytest

from automl_skin.errors import ConfigError
from automl_skin.metrics.catalogue import METRICS, metric_by_name

LABELS = np.array([0, 0, 0, 1, 1])
GOOD = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.3, 0.7], [0.1, 0.9]])
BAD = GOOD[:, ::-1]


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_prefers_the_better_probabilities(name):
    metric = metric_by_name(name)
    assert metric.name == name
    assert metric.utility(LABELS, GOOD) > metric.utility(LABELS, BAD)


@pytest.mark.parametrize("name", METRICS)
def test_vectorised_form_agrees_on_the_cases_themselves(name):
    metric = metric_by_name(name)
    once = metric.on_resamples(LABELS, GOOD, np.ones((1, 5)))
    assert once == pytest.approx([metric.function(LABELS, GOOD)])


def test_losses_are_negated():
    metric = METRICS["log_loss"]
    assert metric.utility(LABELS, GOOD) == -metric.function(LABELS, GOOD)


def test_unknown_name_lists_the_known():
    with pytest.raises(ConfigError, match=r"auc, average_precision, .*got 'roc'"):
        metric_by_name("roc")


def test_min_tpr_reaches_both_forms():
    metric = metric_by_name("partial_auc", min_tpr=0.5)
    assert metric.function(LABELS, GOOD) == pytest.approx(0.5)
    assert metric.on_resamples(LABELS, GOOD, np.ones((1, 5))) == pytest.approx([0.5])
    with pytest.raises(ConfigError, match="min_tpr"):
        metric_by_name("partial_auc", min_tpr=1.5)
