import numpy as np
import pytest

from automl_skin.metrics.catalogue import metric_by_name
from automl_skin.metrics.ranking import macro_auc, partial_auc
from automl_skin.search.evidence import trial_metrics
from automl_skin.search.trial import Predictions


def fabricated(material):
    scores = np.random.default_rng(0).normal(size=(len(material.cases), material.n_classes))
    powers = np.exp(scores + np.eye(material.n_classes)[material.labels])
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    return Predictions(probabilities[:, ::-1], probabilities)


def test_a_finished_trial_has_all_figures_by_calibrated_probabilities(material, material_of_four):
    for each in (material, material_of_four):
        predictions = fabricated(each)
        metrics = trial_metrics(each, [0.7, 0.8], predictions, 0)
        assert metrics["auc"] == pytest.approx(0.75)
        assert metrics["auc_pooled"] == pytest.approx(macro_auc(each.labels, predictions.calibrated))
        assert metrics["auc_low"] < metrics["auc_pooled"] < metrics["auc_high"]
        names = {"average_precision", "balanced_accuracy", "brier", "partial_auc", "folds_finished"}
        assert names < set(metrics)
        assert ("sensitivity_at_95_specificity" in metrics) == (each.n_classes == 2)


def test_the_studys_metric_has_its_own_bound(material):
    predictions = fabricated(material)
    metric = metric_by_name("partial_auc", min_tpr=0.5)
    value = trial_metrics(material, [], predictions, 0, metric)["partial_auc"]
    assert value == partial_auc(material.labels, predictions.calibrated, 0.5)
    assert value != trial_metrics(material, [], predictions, 0)["partial_auc"]
    assert "log_loss" in trial_metrics(material, [], predictions, 0, metric_by_name("log_loss"))


def test_a_stopped_trial_has_the_mean_of_its_folds(material):
    assert trial_metrics(material, [0.5, 0.7], None, 0) == {"folds_finished": 2.0, "auc": pytest.approx(0.6)}
    assert trial_metrics(material, [], None, 0) == {"folds_finished": 0.0}
