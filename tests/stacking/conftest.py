"""Out-of-fold probabilities of made-up trials: some good, some bad, correlated in part."""

import numpy as np
import pytest

from automl_skin.metrics.catalogue import METRICS
from automl_skin.stacking.methods import Rows


@pytest.fixture(scope="session")
def make_rows():
    def make(n_trials=12, n_cases=250, n_classes=2, seed=0, metric="auc"):
        rng = np.random.default_rng(seed)
        labels = rng.integers(n_classes, size=n_cases)
        shared = rng.normal(size=(n_cases, n_classes))
        noise = rng.normal(size=(n_trials, n_cases, n_classes))
        strength = rng.uniform(0.2, 1.2, size=(n_trials, 1, 1))
        scores = strength * np.eye(n_classes)[labels] + 0.5 * shared + noise
        powers = np.exp(scores)
        probabilities = powers / powers.sum(axis=2, keepdims=True)
        numbers = tuple(int(number) for number in np.arange(n_trials) * 3 + 1)
        return Rows(numbers, probabilities, labels, np.arange(n_cases) % 5, METRICS[metric])

    return make


@pytest.fixture(autouse=True)
def _short_selection(monkeypatch):
    monkeypatch.setattr("automl_skin.stacking.methods.POOL", 8)
    monkeypatch.setattr("automl_skin.stacking.methods.GREEDY_STEPS", 8)
