"""The calibrator of the mean over folds: what it is fitted on, and what it does to new cases."""

from itertools import combinations

import numpy as np
import pytest
from scipy.special import expit

from automl_skin.chains.calibration import logit
from automl_skin.chains.fitted import cross_calibrate
from automl_skin.metrics.calibration import calibration_line
from automl_skin.stacking.blend import Blend
from automl_skin.stacking.fitted import single_stack
from automl_skin.stacking.nested import NestedMember, calibrate_mean, nested_probabilities
from automl_skin.stacking.stack import Stack

FOLDS = 5


def two(scores):
    return np.column_stack([1 - expit(scores), expit(scores)])


def noisy_chains(seed, n_cases=2000, noise=1.5):
    """Return labels, folds, a member whose chains differ by noise alone, and new cases as the K chains see them."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(-0.5, 1.5, 2 * n_cases)
    labels = (rng.random(2 * n_cases) < expit(truth)).astype(int)
    folds = np.arange(n_cases) % FOLDS
    inner = np.zeros((FOLDS, n_cases, 2))
    outer = np.zeros((FOLDS, n_cases, 2))
    for pair in combinations(range(FOLDS), 2):
        said = two(truth[:n_cases] + noise * rng.normal(size=n_cases))
        for a, b in (pair, pair[::-1]):
            inner[a][folds == b] = said[folds == b]
            outer[b][folds == a] = said[folds == a]
    raw = two(truth[:n_cases] + noise * rng.normal(size=n_cases))
    new = np.stack([two(truth[n_cases:] + noise * rng.normal(size=n_cases)) for _ in range(FOLDS)])
    return labels[:n_cases], folds, NestedMember(inner, outer), raw, new, labels[n_cases:]


def slope(labels, probabilities):
    return calibration_line(labels, probabilities[:, 1]).slope


def test_the_mean_of_noisy_chains_gets_the_slope_of_one():
    labels, folds, member, raw, new, new_labels = noisy_chains(0)
    calibrators, calibrated = cross_calibrate(raw, labels, folds)
    mean = np.mean([each.apply(said) for each, said in zip(calibrators, new, strict=True)], axis=0)
    assert slope(labels, calibrated) == pytest.approx(1, abs=0.02)  # what one chain claims
    assert slope(new_labels, mean) > 1.5  # and what new cases would show
    stack, deployed = calibrate_mean(single_stack(0, FOLDS, 2), {0: member}, labels, folds)
    assert slope(new_labels, stack.of_mean.apply(mean)) == pytest.approx(1, abs=0.12)
    assert slope(labels, deployed) == pytest.approx(1, abs=0.02)
    # thresholds of the one mean the same for the other: as many cases lie above them
    for at in (0.2, 0.5, 0.8):
        above = (stack.of_mean.apply(mean)[:, 1] > at).mean()
        assert (deployed[:, 1] > at).mean() == pytest.approx(above, abs=0.05)


def test_probabilities_that_rank_backwards_on_few_cases_are_left_alone():
    labels, folds, member, *_ = noisy_chains(1, n_cases=60)
    stack, deployed = calibrate_mean(single_stack(0, FOLDS, 2), {0: member}, 1 - labels, folds)
    assert (stack.of_mean.slopes, stack.of_mean.intercepts) == ((1.0,), (0.0,))
    np.testing.assert_allclose(
        deployed, nested_probabilities(single_stack(0, FOLDS, 2), {0: member}, 1 - labels, folds)
    )


def test_single_chains_leave_the_mean_as_it_is():
    labels, folds, _, raw, _, _ = noisy_chains(1)
    member = NestedMember.of_single_chains(raw, FOLDS)
    stack, _ = calibrate_mean(single_stack(0, FOLDS, 2), {0: member}, labels, folds)
    assert stack.of_mean.slopes[0] == pytest.approx(1, abs=0.03)
    assert stack.of_mean.intercepts[0] == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("rule", ["average", "rank"])
def test_no_label_of_a_fold_reaches_its_own_probabilities(n_classes, rule):
    rng = np.random.default_rng(0)
    labels, folds = rng.integers(n_classes, size=200), np.arange(200) % FOLDS
    members = {each: NestedMember(*rng.dirichlet(np.ones(n_classes), (2, FOLDS, 200))) for each in range(2)}
    blends = (Blend(rule, (0, 1), (0.5, 0.5)),) * FOLDS
    stack = Stack("average", blends, single_stack(0, FOLDS, n_classes).calibrators)
    before = nested_probabilities(stack, members, labels, folds)
    np.testing.assert_allclose(before.sum(axis=1), 1)
    for fold in range(FOLDS):
        held = folds == fold
        others = np.where(held, (labels + 1) % n_classes, labels)
        after = nested_probabilities(stack, members, others, folds)
        np.testing.assert_array_equal(after[held], before[held])
        assert not np.array_equal(after[~held], before[~held])


def test_the_mean_is_of_the_chains_that_saw_neither_the_case_nor_its_fold():
    labels, folds, member, *_ = noisy_chains(2, n_cases=300)
    nested = nested_probabilities(single_stack(0, FOLDS, 2), {0: member}, labels, folds)
    held = folds == 3
    changed = member.outer.copy()
    changed[3] = np.nan  # there is no chain without fold 3 and fold 3
    again = nested_probabilities(
        single_stack(0, FOLDS, 2), {0: NestedMember(member.inner, changed)}, labels, folds
    )
    np.testing.assert_array_equal(again[held], nested[held])
    spread = np.std([logit(member.outer[fold, held])[:, 1].std() for fold in (0, 1, 2, 4)])
    assert logit(nested[held])[:, 1].std() < logit(member.outer[0, held])[:, 1].std() - spread
