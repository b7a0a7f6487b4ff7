import numpy as np
import pytest

from automl_skin.errors import InputError
from automl_skin.metrics.catalogue import METRICS
from automl_skin.metrics.intervals import auc_difference, weight_blocks
from automl_skin.metrics.selection import bbc_cv, tied_with_best


def bootstrap_weights(groups, n_resamples, seed):
    """All resamples at once."""
    return np.concatenate(list(weight_blocks(groups, n_resamples, seed)))


def noise(seed, n_trials=200, n=300, n_classes=2):
    """Trials that know nothing about the labels; two cases a group with one label and one score each."""
    rng = np.random.default_rng(seed)
    lesions = np.repeat(np.arange(n // 2), 2)
    labels = rng.integers(0, n_classes, n // 2)[lesions]
    probabilities = rng.dirichlet(np.ones(n_classes), (n_trials, n // 2))[:, lesions]
    return labels, probabilities, lesions


@pytest.mark.parametrize("n_classes", [2, 3])
def test_best_of_200_noise_trials_is_corrected_to_chance(n_classes):
    found = [bbc_cv(*noise(seed, n=200, n_classes=n_classes), n_resamples=40) for seed in range(5)]
    assert min(one.naive for one in found) > 0.53
    corrected = [one.corrected for one in found]
    error = np.std(corrected, ddof=1) / np.sqrt(len(corrected))
    assert abs(np.mean(corrected) - 0.5) < max(3 * error, 0.005)
    assert all(one.interval.low < 0.5 < one.interval.high for one in found)
    assert all(one.bias == pytest.approx(one.naive - one.corrected) for one in found)


def test_drawing_cases_of_one_lesion_apart_would_hide_the_bias():
    """What the group bootstrap is for: seen to fail when lesions are cut."""
    labels, probabilities, lesions = noise(0)
    honest = bbc_cv(labels, probabilities, lesions, n_resamples=100)
    cut = bbc_cv(labels, probabilities, np.arange(len(labels)), n_resamples=100)
    assert cut.corrected > honest.corrected + 0.02


def test_one_trial_has_hardly_a_bias():
    labels, probabilities, groups = noise(1, n_trials=1)
    found = bbc_cv(labels, probabilities, groups)
    assert found.best == 0
    assert abs(found.bias) < 0.01
    assert found.interval.value == found.corrected


def test_clear_winner_keeps_its_figure():
    labels, probabilities, groups = noise(2, n_trials=20)
    probabilities[7] = (probabilities[7] + 0.5 * np.eye(2)[labels]) / 1.5
    found = bbc_cv(labels, probabilities, groups)
    assert found.best == 7
    assert abs(found.bias) < 0.01


def test_bias_of_a_loss_is_optimism_too():
    labels, probabilities, groups = noise(3, n_trials=100)
    found = bbc_cv(labels, probabilities, groups, METRICS["log_loss"], n_resamples=100)
    assert found.naive < found.corrected
    assert found.bias == pytest.approx(found.corrected - found.naive)
    losses = [METRICS["log_loss"].function(labels, trial) for trial in probabilities]
    assert found.best == int(np.argmin(losses))


def test_bbc_is_what_a_plain_loop_computes():
    labels, probabilities, groups = noise(4, n_trials=8, n=60)
    metric = METRICS["auc"]
    values = []
    for times in bootstrap_weights(groups, 40, 5).astype(int):
        rows = np.repeat(np.arange(len(labels)), times)
        drawn = [metric.function(labels[rows], trial[rows]) for trial in probabilities]
        winner = probabilities[int(np.argmax(np.round(drawn, 12)))]  # equal AUCs: the first
        values.append(metric.function(labels[times == 0], winner[times == 0]))
    found = bbc_cv(labels, probabilities, groups, n_resamples=40, seed=5)
    assert found.corrected == pytest.approx(np.mean(values))
    assert (found.interval.low, found.interval.high) == pytest.approx(
        tuple(np.quantile(values, [0.025, 0.975]))
    )


def test_ties_are_paired_intervals_that_contain_zero():
    labels, probabilities, groups = noise(5, n_trials=6)
    truth = np.eye(2)[labels]
    rng = np.random.default_rng(0)
    alone = probabilities[2].copy()
    probabilities[2] = alone + 0.3 * truth
    probabilities[1] = alone + 0.25 * truth  # a little worse, but on every resample: only pairing shows it
    probabilities[4] = probabilities[2] + 0.01 * rng.normal(size=probabilities[2].shape)
    tied = tied_with_best(labels, probabilities, groups)
    assert tied.tolist() == [False, False, True, False, True, False]
    values = [METRICS["auc"].function(labels, trial) for trial in probabilities]
    best = probabilities[int(np.argmax(values))]
    gains = [auc_difference(labels, trial, best, groups, n_resamples=500) for trial in probabilities]
    assert tied.tolist() == [gain.low <= 0 <= gain.high for gain in gains]


def test_ties_of_a_loss():
    labels, probabilities, groups = noise(6, n_trials=3)
    probabilities[1] = (probabilities[1] + np.eye(2)[labels]) / 2
    assert tied_with_best(labels, probabilities, groups, METRICS["brier"]).tolist() == [False, True, False]


def test_unfinished_trials_are_refused():
    labels, probabilities, groups = noise(7, n_trials=2)
    with pytest.raises(InputError, match="finished trials only"):
        bbc_cv(labels, probabilities[0], groups)
    probabilities[1, 3] = np.nan
    with pytest.raises(InputError, match="expected finite probabilities, got others in 1 of 300 rows"):
        tied_with_best(labels, probabilities, groups)
