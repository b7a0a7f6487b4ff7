"""The interval of an F1: it holds what it promises, with rare classes too, and is never of width zero."""

import numpy as np

from automl_skin.metrics.f1 import class_f1
from automl_skin.metrics.intervals import called_f1_intervals

SHARES = np.array([0.02, 0.18, 0.8])


def draw(rng, n_groups):
    """Groups of one to three cases of one class, which are right or wrong together more often than not."""
    sizes = rng.integers(1, 4, n_groups)
    groups = np.repeat(np.arange(n_groups), sizes)
    labels = rng.choice(3, n_groups, p=SHARES)[groups]
    noise = np.sqrt(0.6) * rng.normal(size=(n_groups, 3))[groups] + np.sqrt(0.4) * rng.normal(
        size=(len(groups), 3)
    )
    return labels, (noise + 1.5 * np.eye(3)[labels] + np.log(SHARES) / 2) > -0.3, groups


def test_it_holds_the_truth_as_often_as_it_says_and_says_where_a_class_cannot_tell():
    rng = np.random.default_rng(0)
    labels, called, _ = draw(rng, 60_000)
    truth = class_f1(labels, called)[0]
    held = []
    for _ in range(200):
        mean, by_class = called_f1_intervals(*draw(rng, 250))
        held.append(mean.low <= truth.mean() <= mean.high)
        assert mean.enough
        assert by_class[0] is None or not by_class[0].enough or by_class[0].low < by_class[0].high
    assert np.mean(held) > 0.9


def test_perfect_and_hopeless_calls_have_a_width_and_an_absent_class_has_no_figure():
    labels = np.repeat([0, 1], 15)
    right = np.eye(3, dtype=bool)[labels]
    mean, by_class = called_f1_intervals(labels, right, np.arange(30))
    assert (mean.value, mean.high) == (1.0, 1.0)
    assert mean.low < 0.95
    assert by_class[2] is None
    wrong, _ = called_f1_intervals(labels, right[::-1], np.arange(30))
    assert wrong.value == wrong.low == 0.0
    assert wrong.high > 0.05
