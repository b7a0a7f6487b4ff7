"""Thresholds and weights of classes, fitted on some cases and nested on others."""

import numpy as np
import pytest

from automl_skin.metrics import decisions
from automl_skin.metrics.catalogue import METRICS
from automl_skin.metrics.decisions import fit_positive_threshold, fit_thresholds, fold_back
from automl_skin.metrics.f1 import call_at_half, class_f1, macro_f1
from automl_skin.metrics.folds import decide_nested, fold_utilities, split_by_fold
from automl_skin.metrics.robust import robust_metric


def draw(n_classes=4, n=300, seed=0, signal=1.0):
    rng = np.random.default_rng(seed)
    sizes = np.arange(1, n_classes + 1) ** 2
    labels = np.append(np.arange(n_classes), rng.choice(n_classes, n, p=sizes / sizes.sum()))
    logits = rng.normal(size=(len(labels), n_classes)) + signal * np.eye(n_classes)[labels] + np.log(sizes)
    odds = np.exp(logits)
    return labels, odds / odds.sum(axis=1, keepdims=True), np.arange(len(labels)) % 5


def test_without_a_prior_each_threshold_is_the_best_of_all(monkeypatch):
    monkeypatch.setattr(decisions, "PRIOR", 0)
    labels, probabilities, _ = draw()
    found = class_f1(labels, probabilities >= fit_thresholds(labels, probabilities))[0]
    every = np.unique(probabilities)
    best = np.max([class_f1(labels, probabilities >= threshold)[0] for threshold in every], axis=0)
    np.testing.assert_allclose(found, best)


@pytest.mark.parametrize(("fit", "name"), [(fit_thresholds, "macro_f1"), (fit_positive_threshold, "f1")])
def test_of_a_binary_target_there_is_one_decision(fit, name, monkeypatch):
    monkeypatch.setattr(decisions, "PRIOR", 0)
    labels, probabilities, _ = draw(2, 80)
    thresholds = fit(labels, probabilities)
    assert thresholds.sum() == pytest.approx(1)
    metric = METRICS[name].function
    every = [
        metric(labels, fold_back(probabilities, np.array([1 - t, t])))
        for t in np.unique(probabilities[:, 1])[1:]
    ]
    assert metric(labels, fold_back(probabilities, thresholds)) == pytest.approx(max(every))


def test_labels_of_a_rare_class_count_less_than_what_the_probabilities_expect():
    labels, probabilities, _ = draw(n=2000)
    one = probabilities.copy()
    lucky = np.flatnonzero(labels == 0)[0]
    one[lucky, 0] = one[:, 0].max() * 1.01
    alone = np.where(labels == 0, 3, labels)
    alone[lucky] = 0
    threshold = fit_thresholds(alone, one)[0]
    assert threshold < one[lucky, 0] * 0.9  # its single case would have set it at the top


def test_folded_back_a_probability_crosses_half_where_the_decision_does_and_keeps_its_order():
    labels, probabilities, _ = draw()
    thresholds = fit_thresholds(labels, probabilities)
    folded = fold_back(probabilities, thresholds)
    np.testing.assert_array_equal(call_at_half(folded), probabilities >= thresholds)
    np.testing.assert_array_equal(np.argsort(folded, axis=0), np.argsort(probabilities, axis=0))
    assert ((folded >= 0) & (folded <= 1)).all()


def test_the_decisions_of_a_fold_do_not_see_its_labels():
    labels, probabilities, folds = draw()
    for name in ("macro_f1", "macro_f1_largest", "balanced_accuracy", "weighted_f1"):
        before = decide_nested(split_by_fold(labels, folds, METRICS[name]), probabilities)
        changed = np.where(folds == 2, (labels + 1) % 4, labels)
        after = decide_nested(split_by_fold(changed, folds, METRICS[name]), probabilities)
        np.testing.assert_array_equal(before[folds == 2], after[folds == 2])
        assert not np.array_equal(before[folds == 0], after[folds == 0])


def test_nested_decisions_of_labels_that_nothing_tells_gain_nothing():
    gains, inside = [], []
    for seed in range(20):
        labels, probabilities, folds = draw(seed=seed, n=150)
        labels = np.random.default_rng(seed).permutation(labels)
        shares = np.bincount(labels, minlength=4) / len(labels)
        by_chance = np.mean(2 * shares / (1 + shares))  # everything called: the best without knowledge
        nested = decide_nested(split_by_fold(labels, folds, METRICS["macro_f1"]), probabilities)
        gains.append(macro_f1(labels, nested) - by_chance)
        thresholds = fit_thresholds(labels, probabilities)
        inside.append(macro_f1(labels, fold_back(probabilities, thresholds)) - macro_f1(labels, nested))
    assert np.mean(gains) < 0.01
    assert np.mean(inside) > 0.01  # in sample it looks better than it is


def test_a_fold_that_is_alone_fits_its_own_and_one_without_probabilities_is_not_looked_at():
    labels, probabilities, folds = draw()
    fold = split_by_fold(labels, folds, METRICS["macro_f1"])[0]
    alone = np.where((folds == 0)[:, None], probabilities, np.nan)
    two = np.where((folds <= 1)[:, None], probabilities, np.nan)
    assert np.isfinite(fold.utility(alone))
    assert fold.utility(two) != fold.utility(alone)


def test_resamples_keep_the_decisions_of_all_cases():
    labels, probabilities, folds = draw()
    fold = split_by_fold(labels, folds, METRICS["macro_f1"])[1]
    once = np.ones((3, len(fold.rows)))
    np.testing.assert_allclose(fold.utilities(probabilities, once), fold.utility(probabilities))


def test_a_balanced_accuracy_of_several_classes_is_by_the_shares_of_the_other_folds():
    labels, probabilities, folds = draw()
    values = fold_utilities(split_by_fold(labels, folds, METRICS["balanced_accuracy"]), probabilities)
    for fold, value in enumerate(values):
        shares = np.bincount(labels[folds != fold], minlength=4)
        held = folds == fold
        decided = (probabilities[held] / shares).argmax(axis=1)
        recalls = [np.mean(decided[labels[held] == k] == k) for k in np.unique(labels[held])]
        assert value == pytest.approx(np.mean(recalls))


def test_a_binary_balanced_accuracy_is_as_it_was():
    labels, probabilities, folds = draw(2)
    metric = METRICS["balanced_accuracy"]
    fold = split_by_fold(labels, folds, metric)[0]
    assert fold.utility(probabilities) == metric.function(labels[fold.rows], probabilities[fold.rows])


def test_the_robust_form_is_decided_by_cases_at_home():
    labels, probabilities, folds = draw()
    twice = np.tile(labels, 2), np.tile(folds, 2), np.vstack([probabilities, probabilities])
    shift = np.repeat([0, 1], len(labels))
    robust = split_by_fold(twice[0], twice[1], METRICS["macro_f1"], shift)
    plain = split_by_fold(labels, folds, METRICS["macro_f1"])
    np.testing.assert_allclose(fold_utilities(robust, twice[2]), fold_utilities(plain, probabilities))
    assert robust_metric(METRICS["macro_f1"], shift).rule_for(4) is not None
