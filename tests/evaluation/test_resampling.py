import numpy as np
import pytest

from automl_skin.errors import InputError
from automl_skin.evaluation.resampling import resampled_aucs
from automl_skin.metrics.intervals import auc_difference, central_range
from automl_skin.metrics.ranking import macro_auc


def draw(seed, n=300, strength=1.0):
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < 0.3).astype(int)
    z = strength * labels + rng.normal(0, 1, n)
    p = 1 / (1 + np.exp(-z))
    return labels, np.column_stack([1 - p, p]), np.repeat(np.arange(n // 2), 2)


def test_rows_are_those_of_the_intervals_and_paired():
    labels, first, groups = draw(0)
    second = draw(1)[1]
    values = resampled_aucs(labels, [first, second], groups, n_resamples=200, seed=4)
    assert values[0].mean() == pytest.approx(macro_auc(labels, first), abs=0.01)
    gain = auc_difference(labels, first, second, groups, n_resamples=200, seed=4)
    assert central_range(values[0] - values[1]) == pytest.approx((gain.low, gain.high))


def test_a_model_without_a_score_is_an_error():
    labels, first, groups = draw(0)
    first[3] = np.nan
    with pytest.raises(InputError, match="expected finite probabilities"):
        resampled_aucs(labels, [first], groups)
