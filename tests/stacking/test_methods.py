from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from automl_skin.stacking import methods
from automl_skin.stacking.methods import METHODS, best_single, greedy_selection, logistic_stacking


def mean_fold_auc(rows, probabilities):
    folds = [rows.folds == fold for fold in np.unique(rows.folds)]
    return np.mean([roc_auc_score(rows.labels[row], probabilities[row, 1]) for row in folds])


def slow_greedy(rows, pool_size, steps):
    """Caruana et al. 2004, figure 1, as plainly as can be: a bag of trials that grows by the best."""
    positions = range(len(rows.numbers))
    pool = sorted(positions, key=lambda each: -mean_fold_auc(rows, rows.probabilities[each]))[:pool_size]
    bag, best_bag, best_value = [], [], -np.inf
    for _ in range(steps):
        values = [mean_fold_auc(rows, rows.probabilities[[*bag, each]].mean(axis=0)) for each in pool]
        bag = [*bag, pool[int(np.argmax(values))]]
        if max(values) > best_value + 1e-12:
            best_bag, best_value = bag, max(values)
    return {rows.numbers[each]: best_bag.count(each) / len(best_bag) for each in set(best_bag)}


@pytest.mark.parametrize("seed", range(4))
def test_greedy_selection_is_the_obvious_one(seed, make_rows, monkeypatch):
    monkeypatch.setattr(methods, "POOL", 6)
    monkeypatch.setattr(methods, "GREEDY_STEPS", 12)
    rows = make_rows(seed=seed)
    blend = greedy_selection(rows)
    assert dict(zip(blend.members, blend.weights, strict=True)) == pytest.approx(slow_greedy(rows, 6, 12))
    assert sum(blend.weights) == pytest.approx(1.0)


def test_greedy_selection_is_not_worse_than_the_best_trial(make_rows):
    rows = make_rows(n_classes=4, metric="log_loss")
    blend = greedy_selection(rows)
    positions = [rows.numbers.index(member) for member in blend.members]
    assert (
        rows.utility(blend.apply(rows.probabilities[positions]))
        >= rows.utility(rows.probabilities[rows.order()[0]]) - 1e-12
    )


def test_order_is_best_first_and_equal_ones_by_number(make_rows):
    rows = make_rows()
    utilities = [mean_fold_auc(rows, each) for each in rows.probabilities]
    assert rows.order() == sorted(range(12), key=lambda each: -utilities[each])
    twins = replace(rows, probabilities=rows.probabilities[[0] * 12], numbers=rows.numbers[::-1])
    assert twins.order() == list(range(11, -1, -1))


def test_utility_is_the_mean_over_the_folds_that_are_there(make_rows):
    rows = make_rows()
    some = rows.folds < 3
    part = replace(
        rows, probabilities=rows.probabilities[:, some], labels=rows.labels[some], folds=rows.folds[some]
    )
    assert part.utility(part.probabilities[2]) == pytest.approx(mean_fold_auc(part, part.probabilities[2]))
    assert len(part.utilities(part.probabilities[2])) == 3


def test_best_single(make_rows):
    rows = make_rows()
    blend = best_single(rows)
    assert (blend.rule, blend.weights) == ("average", (1.0,))
    assert blend.members == (rows.numbers[rows.order()[0]],)


def test_logistic_stacking_weighs_the_good_more(make_rows):
    rows = make_rows(n_cases=2000)
    blend = logistic_stacking(rows)
    assert blend.members == tuple(rows.numbers[each] for each in rows.order()[:8])
    assert blend.weights[0] > blend.weights[-1]
    positions = [rows.numbers.index(member) for member in blend.members]
    assert mean_fold_auc(rows, blend.apply(rows.probabilities[positions])) > mean_fold_auc(
        rows, rows.probabilities[rows.order()[0]]
    )


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("n_trials", [1, 3, 12])
def test_every_method_with_few_and_many_trials(name, n_classes, n_trials, make_rows):
    rows = make_rows(n_trials=n_trials, n_classes=n_classes)
    blend = METHODS[name](rows)
    assert set(blend.members) <= set(rows.numbers)
    assert len(set(blend.members)) == len(blend.members) == len(blend.weights)
    assert sum(blend.weights) == pytest.approx(1.0)
    assert blend == METHODS[name](rows)


def test_candidates_are_of_different_kinds_before_they_are_alike(make_rows):
    given = make_rows()
    order = given.order()
    kinds = ["clone"] * len(order)
    kinds[order[-1]] = "other"
    alike = replace(given, kinds=tuple(kinds))
    assert alike.candidates(2) == [order[0], order[-1]]
    assert alike.candidates(3) == [order[0], order[-1], order[1]]
    assert sorted(alike.candidates(len(order))) == sorted(order)
    assert given.candidates(3) == order[:3]
