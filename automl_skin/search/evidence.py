"""The figures of one trial, from its out-of-fold probabilities."""

from collections.abc import Sequence

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.metrics.catalogue import METRICS, Metric
from automl_skin.metrics.folds import decide_nested, split_by_fold
from automl_skin.metrics.intervals import auc_interval
from automl_skin.metrics.thresholds import sensitivity_at_specificity
from automl_skin.search.material import Material
from automl_skin.search.shifted import Sample
from automl_skin.search.trial import Predictions

N_RESAMPLES = 500
"""Of the interval that every trial gets; reports use more."""


def trial_metrics(
    material: Material,
    aucs: Sequence[float],
    predictions: Predictions | None,
    seed: int,
    metric: Metric = METRICS["auc"],
    sample: Sample | None = None,
) -> dict[str, float]:
    """Return the metrics of a trial by name; a trial that did not finish has `auc` alone.

    ``auc`` is the mean of the folds' AUCs; all others are over the pooled, calibrated out-of-fold
    probabilities. ``sensitivity_at_95_specificity`` is of binary targets. The study's own `metric` is among
    them, with its own bound. Where the trial was scored under shift, figures of `shifted_metrics` are there too.
    """
    metrics = {"folds_finished": float(len(aucs))}
    if aucs:
        metrics["auc"] = float(np.mean(aucs))
    if predictions is None:
        return metrics
    labels, probabilities = material.labels, predictions.calibrated
    interval = auc_interval(labels, probabilities, material.groups, n_resamples=N_RESAMPLES, seed=seed)
    metrics |= {"auc_pooled": interval.value, "auc_low": interval.low, "auc_high": interval.high}
    for name in ("average_precision", "balanced_accuracy", "brier", "partial_auc"):
        metrics[name] = METRICS[name].function(labels, probabilities)
    if metric.name != "auc" and metric.rule_for(material.n_classes) is None:
        metrics[metric.name] = metric.function(labels, probabilities)
    elif metric.rule is not None:  # decided by what the other folds fitted
        folds = split_by_fold(labels, material.folds, metric)
        decided = decide_nested(folds, probabilities)
        metrics[metric.name] = metric.judged.function(labels, decided)
    if material.n_classes == 2:  # a binary target
        metrics["sensitivity_at_95_specificity"] = sensitivity_at_specificity(
            labels, probabilities[:, 1], 0.95
        )
    if sample is not None and predictions.shifted is not None:
        rows = sample.positions
        metrics |= shifted_metrics(labels[rows], probabilities[rows], predictions.shifted)
    return metrics


def shifted_metrics(labels: IntArray, at_home: FloatArray, shifted: FloatArray) -> dict[str, float]:
    """Return the AUC of the sampled cases at home, its mean over the shifts, and the worst of them.

    Parameters
    ----------
    labels : ndarray of shape (n_sampled,)
    at_home : ndarray of shape (n_sampled, n_classes)
    shifted : ndarray of shape (n_shifts, n_sampled, n_classes)
    """
    auc = METRICS["auc"].function
    under = [auc(labels, each) for each in shifted]
    return {
        "auc_sample": auc(labels, at_home),
        "auc_shifted": float(np.mean(under)),
        "auc_shifted_worst": min(under),
    }
