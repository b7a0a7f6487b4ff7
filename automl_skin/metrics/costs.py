"""What wrong decisions cost: the mean cost of the decisions that calibrated probabilities make cheapest.

Symbols: K (C, C), the cost of deciding class j (column) for a case of class i (row). A case is decided for the j with
the least expected cost ``sum_i p_i K_ij`` (the Bayes rule), the first of equals. Nothing is fitted: the probabilities
are calibrated.
"""

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.metrics.inputs import check_predictions


def decide_by_costs(probabilities: FloatArray, costs: FloatArray) -> IntArray:
    """Return the class of least expected cost, shape (n_cases,).

    Examples
    --------
    >>> decide_by_costs(np.array([[0.8, 0.2]]), np.array([[0.0, 1.0], [10.0, 0.0]])).tolist()
    [1]
    """
    chosen: IntArray = (probabilities @ costs).argmin(axis=1)
    return chosen


def case_costs(labels: IntArray, probabilities: FloatArray, costs: FloatArray) -> FloatArray:
    """Return what the decision of each case costs, shape (n_cases,)."""
    return np.asarray(costs[labels, decide_by_costs(probabilities, costs)])


def expected_cost_of(costs: FloatArray, labels: IntArray, probabilities: FloatArray) -> float:
    """Return the mean cost of the decisions; `costs` has shape (n_classes, n_classes)."""
    labels, probabilities = check_predictions(labels, probabilities)
    return float(case_costs(labels, probabilities, costs).mean())


def resampled_cost_of(
    costs: FloatArray, labels: IntArray, probabilities: FloatArray, weights: FloatArray
) -> FloatArray:
    """Return the mean cost on every resample, shape (n_resamples,); NaN where nothing was drawn."""
    drawn = weights.sum(axis=1)
    total = weights @ case_costs(labels, probabilities, costs)
    return np.where(drawn > 0, total / np.maximum(drawn, 1), np.nan)
