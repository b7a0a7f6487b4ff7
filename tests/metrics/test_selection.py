import numpy as np
import pytest

from automl_skin.errors import InputError
from automl_skin.metrics.catalogue import METRICS
from automl_skin.metrics.folds import split_by_fold
from automl_skin.metrics.intervals import auc_interval, weight_blocks
from automl_skin.metrics.selection import examine_choice, second_order_left, share_found

K = 5


def noise(seed, n_trials=200, n=300, n_classes=2):
    """Trials that know nothing about the labels; two cases a group with one label and one score each."""
    rng = np.random.default_rng(seed)
    lesions = np.repeat(np.arange(n // 2), 2)
    labels = rng.integers(0, n_classes, n // 2)[lesions]
    probabilities = rng.dirichlet(np.ones(n_classes), (n_trials, n // 2))[:, lesions]
    return labels, probabilities, lesions


def normal(seed, means, n=300, common=0.0):
    """Trials of given separations, in standard deviations; `common` is the share of their noise that they share."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    own, shared = rng.normal(size=(len(means), n)), rng.normal(size=n)
    scores = np.sqrt(1 - common) * own + np.sqrt(common) * shared + np.outer(means, labels)
    positive = 1 / (1 + np.exp(-scores))
    return labels, np.stack([1 - positive, positive], axis=2), np.arange(n)


def examine(labels, probabilities, groups, metric="auc", **options):
    """Lesions are dealt to the folds in turn."""
    folds = np.unique(groups, return_inverse=True)[1] // 2 % K
    return examine_choice(split_by_fold(labels, folds, METRICS[metric]), probabilities, groups, **options)


def fold_mean(labels, probabilities, groups, weights=None, metric="auc"):
    """Return the mean over the folds, written out; rows are repeated by their weights."""
    folds = np.unique(groups, return_inverse=True)[1] // 2 % K
    times = np.ones(len(labels), int) if weights is None else weights.astype(int)
    values = []
    for fold in range(K):
        rows = np.repeat(np.arange(len(labels)), times * (folds == fold))
        if len(np.unique(labels[rows])) > 1:
            values.append(METRICS[metric].function(labels[rows], probabilities[rows]))
    return np.mean(values)


def learnt(seed, n=100, n_trials=15, n_classes=2):
    """Ridge regressions on random columns, each fold's fitted on the labels of the others, as in a search."""
    rng = np.random.default_rng(seed)
    folds = np.arange(n) // 2 % K
    labels = rng.integers(0, n_classes, n)
    truth = np.eye(n_classes)[labels]
    scores = np.empty((n_trials, n, n_classes))
    for trial in range(n_trials):
        columns = rng.normal(size=(n, 8))
        for fold in range(K):
            rest, held = columns[folds != fold], columns[folds == fold]
            mean = truth[folds != fold].mean(axis=0)
            weights = np.linalg.solve(rest.T @ rest + 10 * np.eye(8), rest.T @ (truth[folds != fold] - mean))
            scores[trial, folds == fold] = held @ weights
    odds = np.exp(3 * scores)
    return labels, odds / odds.sum(axis=2, keepdims=True), np.arange(n)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_best_of_trials_that_learn_from_noise_is_corrected_to_chance(n_classes):
    """Promise 2, and the second order: BBC-CV alone would leave 0.54, since what is drawn was told by what is not."""
    found = [
        examine(*learnt(seed, n_classes=n_classes), n_resamples=30).best
        for seed in range(40 if n_classes == 2 else 15)
    ]
    naive, corrected = (np.array([getattr(one, name) for one in found]) for name in ("naive", "corrected"))
    error = np.std(corrected, ddof=1) / np.sqrt(len(found))
    assert naive.mean() > 0.57
    assert abs(corrected.mean() - 0.5) < 3 * error < 0.07
    assert np.mean([one.interval.low < 0.5 < one.interval.high for one in found]) >= 0.9


def test_trials_that_differ_in_truth_need_less_of_the_second_order():
    rng = np.random.default_rng(0)
    noise_alone = rng.normal(size=(60, K))
    shares = [share_found(noise_alone + spread * rng.normal(size=(60, 1))) for spread in (0.0, 1.0, 100.0)]
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(0.65, abs=0.03)
    assert shares[2] == pytest.approx(0.85, abs=0.01)
    assert share_found(noise_alone[:1]) == 1.0


def test_the_second_order_fades_with_the_signal():
    left = [second_order_left(z) for z in (-1.0, 0.0, 2.5, 5.0, 8.0)]
    assert left == pytest.approx([1.0, 1.0, 0.87, 0.29, 0.06], abs=0.01)
    rng = np.random.default_rng(0)
    trials = normal(3, 2.0 + 0.05 * rng.normal(size=20), n=600, common=0.9)
    bias = examine(*trials, n_resamples=100).best.bias
    assert 0 < bias < 0.01


def test_drawing_cases_of_one_lesion_apart_would_hide_the_bias():
    """What the group bootstrap is for: seen to fail when lesions are cut."""
    labels, probabilities, lesions = noise(0)
    folds = split_by_fold(labels, lesions % K, METRICS["auc"])
    honest = examine_choice(folds, probabilities, lesions, n_resamples=100).best
    cut = examine_choice(folds, probabilities, np.arange(len(labels)), n_resamples=100).best
    assert cut.corrected > honest.corrected + 0.02


def test_one_trial_has_no_bias():
    found = examine(*noise(1, n_trials=1), n_resamples=50).best
    assert (found.best, found.bias) == (0, 0.0)
    assert found.interval.value == found.corrected == found.naive


def test_clear_winner_keeps_its_figure():
    labels, probabilities, groups = noise(2, n_trials=20)
    probabilities[7] = (probabilities[7] + 0.5 * np.eye(2)[labels]) / 1.5
    found = examine(labels, probabilities, groups, n_resamples=50).best
    assert found.best == 7
    assert abs(found.bias) < 0.001


def test_bias_of_a_loss_is_optimism_too():
    labels, probabilities, groups = noise(3, n_trials=20)
    found = examine(labels, probabilities, groups, "log_loss", n_resamples=50).best
    assert found.naive < found.corrected
    assert found.bias == pytest.approx(found.corrected - found.naive)
    losses = [fold_mean(labels, trial, groups, metric="log_loss") for trial in probabilities]
    assert found.best == int(np.argmin(losses))


def test_best_is_what_is_best_on_the_mean_of_the_folds():
    """Pooled, the second trial is better: its folds are on one scale, and those of the first are not."""
    labels, probabilities, groups = normal(0, [2.0, 1.5])
    folds = np.arange(len(labels)) // 2 % K
    probabilities[0, :, 1] = (probabilities[0, :, 1] + folds) / K
    probabilities[0, :, 0] = 1 - probabilities[0, :, 1]
    pooled = [METRICS["auc"].function(labels, trial) for trial in probabilities]
    assert pooled[1] > pooled[0] + 0.1
    found = examine(labels, probabilities, groups, n_resamples=20).best
    assert found.best == 0
    assert found.naive == pytest.approx(fold_mean(labels, probabilities[0], groups))


def test_the_correction_is_what_a_plain_loop_computes():
    labels, probabilities, groups = noise(4, n_trials=8, n=80)
    values = [fold_mean(labels, trial, groups) for trial in probabilities]
    best = probabilities[int(np.argmax(values))]
    gaps = []
    for times in np.concatenate(list(weight_blocks(groups, 40, 5))):
        drawn = [fold_mean(labels, trial, groups, times) for trial in probabilities]
        chosen = probabilities[int(np.argmax(np.round(drawn, 12)))]  # equal AUCs: the first
        undrawn = times == 0
        gaps.append(fold_mean(labels, best, groups, undrawn) - fold_mean(labels, chosen, groups, undrawn))
    folds = groups // 2 % K
    on_folds = [
        [METRICS["auc"].function(labels[folds == fold], trial[folds == fold]) for fold in range(K)]
        for trial in probabilities
    ]
    found = examine(labels, probabilities, groups, n_resamples=40, seed=5).best
    second_order = found.bias / np.mean(gaps) - 1
    assert second_order == pytest.approx(
        1 / share_found(np.array(on_folds)) - 1, rel=0.1
    )  # nothing but noise
    assert found.corrected == pytest.approx(max(values) - found.bias)


def test_the_correction_is_not_its_own_noise():
    """Four seeds agree within the error that a tenth of the interval's half width allows."""
    labels, probabilities, groups = normal(1, np.full(40, 1.2), n=200, common=0.9)
    found = [examine(labels, probabilities, groups, seed=seed).best for seed in range(4)]
    half_width = (found[0].interval.high - found[0].interval.low) / 2
    assert np.std([each.bias for each in found], ddof=1) < half_width / 10


def test_stopped_trials_take_part():
    """Half of 100 equal trials were stopped after their first fold: without them the best is of fewer, less biased."""
    labels, probabilities, groups = normal(2, np.full(100, 1.0), n=200)
    folds = np.arange(len(labels)) // 2 % K
    first = [METRICS["auc"].function(labels[folds == 0], each[folds == 0]) for each in probabilities]
    stopped = np.array(first) < np.median(first)
    partial = probabilities.copy()
    partial[np.ix_(stopped, folds > 0)] = np.nan
    found = examine(labels, partial, groups, n_resamples=200)
    without = examine(labels, probabilities[~stopped], groups, n_resamples=200)
    assert found.best.bias > without.best.bias
    assert not found.tied[stopped].any()
    assert found.best.naive == without.best.naive


def test_of_equal_trials_at_least_nine_of_ten_are_tied():
    shares = [
        examine(*normal(seed, np.full(30, 1.2), common=0.8), n_resamples=200).tied.mean() for seed in range(6)
    ]
    assert np.mean(shares) > 0.9


def test_what_is_clearly_worse_is_not_tied():
    """An AUC of 0.73 beside 0.83, with 1,000 cases."""
    means = np.append(np.full(30, 1.35), 0.87)
    tied = [examine(*normal(seed, means, n=1000, common=0.5), n_resamples=100).tied for seed in range(3)]
    assert not any(each[-1] for each in tied)
    assert np.mean([each[:-1] for each in tied]) > 0.9


def test_pairs_are_compared_on_the_same_resamples():
    labels, probabilities, groups = noise(5, n_trials=6)
    truth = np.eye(2)[labels]
    alone = probabilities[2].copy()
    probabilities[2] = alone + 0.3 * truth
    probabilities[1] = alone + 0.25 * truth  # a little worse, but on every resample: only pairing shows it
    probabilities[4] = probabilities[2] + 1e-6 * probabilities[0]
    assert examine(labels, probabilities, groups).tied.tolist() == [False, False, True, False, True, False]


def test_ties_of_a_loss():
    labels, probabilities, groups = noise(6, n_trials=3)
    probabilities[1] = (probabilities[1] + np.eye(2)[labels]) / 2
    assert examine(labels, probabilities, groups, "brier").tied.tolist() == [False, True, False]


def test_what_has_no_finished_trial_is_refused():
    labels, probabilities, groups = noise(7, n_trials=2)
    with pytest.raises(InputError, match=r"expected shape \(n_trials >= 1, n_rows, n_classes\)"):
        examine(labels, probabilities[0], groups)
    probabilities[1, 3] = np.nan
    with pytest.raises(
        InputError, match="expected finite probabilities of whole folds, got others in trial 1"
    ):
        examine(labels, probabilities, groups)
    probabilities[:] = np.nan
    with pytest.raises(InputError, match="expected a trial that has finished all folds, got none of 2"):
        examine(labels, probabilities, groups)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "metric", ["auc", "average_precision", "balanced_accuracy", "partial_auc", "macro_f1"]
)
def test_a_perfect_trial_has_an_interval_of_some_width_inside_0_and_1(metric, n_classes):
    labels, probabilities, groups = noise(8, n_trials=3, n_classes=n_classes)
    probabilities[1] = np.eye(n_classes)[labels]
    best = examine(labels, probabilities, groups, metric, n_resamples=50).best
    top = 0.2 if metric == "partial_auc" else 1.0
    assert best.naive == pytest.approx(top)
    assert 0 <= best.interval.low < best.interval.value <= best.interval.high <= top + 1e-12
    assert best.interval.high - best.interval.low > 0.005
    if metric == "auc":
        own = auc_interval(labels, probabilities[1], groups)
        assert best.interval.high - best.interval.low >= own.high - own.low


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_trial_that_says_one_thing_of_all_cases_has_an_interval(level):
    labels, probabilities, groups = noise(9, n_trials=1)
    probabilities[:] = 0.5
    assert examine(labels, probabilities, groups, n_resamples=50).best.interval.low < 0.47
    probabilities[0] = np.eye(2)[labels] * level + (1 - level) / 2
    interval = examine(labels, probabilities, groups, "brier", n_resamples=50).best.interval
    assert 0 <= interval.low < interval.high


def test_the_interval_of_a_nearly_perfect_trial_is_no_narrower_than_its_own():
    """One of 150 positive groups on the wrong side: the logit of resamples that show 1 is cut off."""
    labels, probabilities, groups = noise(10, n_trials=2)
    probabilities[1] = np.eye(2)[labels]
    wrong = groups == groups[labels == 1][0]
    probabilities[1, wrong] = [0.5, 0.5]
    best = examine(labels, probabilities, groups, n_resamples=50).best
    own = auc_interval(labels, probabilities[1], groups)
    assert best.naive > 0.99
    assert best.interval.low <= own.low < best.interval.high <= 1


@pytest.mark.parametrize(("n_positive", "enough"), [(9, False), (10, True)])
def test_below_ten_groups_of_a_class_the_corrected_figure_is_too_few_to_tell(n_positive, enough):
    rng = np.random.default_rng(0)
    lesions = np.repeat(np.arange(100), 2)
    labels = (lesions >= 100 - n_positive).astype(int)
    probabilities = rng.dirichlet(np.ones(2), (2, 200))
    assert examine(labels, probabilities, lesions, n_resamples=50).best.interval.enough is enough
