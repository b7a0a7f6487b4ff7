import numpy as np
import pytest
import scipy.special

from automl_skin.evaluation.subgroups import SURE, Subgroup, adjust
from automl_skin.metrics.expected_auc import expect_auc
from automl_skin.metrics.ranking import macro_auc


def draw(rng, n_cases, noise=0.0):
    """A perfect logistic model of age, site and image; some labels of the last site are noise."""
    site = np.where(np.arange(n_cases) < 100, 3, rng.integers(0, 3, n_cases))
    age = rng.normal(0, 1, n_cases)
    truth = scipy.special.expit(
        -1.2 + age + 1.2 * rng.normal(0, 1, n_cases) + np.array([0, 0.5, -0.5, 0])[site]
    )
    labels = (rng.random(n_cases) < truth).astype(int)
    wrong = (site == 3) & (rng.random(n_cases) < noise)
    labels[wrong] = rng.random(wrong.sum()) < 0.3
    parts = [site == k for k in range(4)] + [np.digitize(age, [-0.7, 0, 0.7]) == k for k in range(4)]
    return labels, np.column_stack([1 - truth, truth]), parts


def called_lower(labels, p, parts):
    groups = np.arange(len(labels))
    found = [
        Subgroup("", "", 1, (), None, p_value=expect_auc(labels, p, groups, part).p_value) for part in parts
    ]
    return [each.is_lower for each in adjust(found)]


@pytest.mark.parametrize("n_cases", [400, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_perfect_model_is_seldom_called_lower(n_cases):
    rng = np.random.default_rng(n_cases)
    flagged = [any(called_lower(*draw(rng, n_cases))) for _ in range(100)]
    assert np.mean(flagged) < SURE + 2 * np.sqrt(SURE / 100)


def test_a_level_of_half_noise_is_often_called_lower():
    rng = np.random.default_rng(0)
    flagged = np.array([called_lower(*draw(rng, 600, noise=0.5)) for _ in range(40)])
    assert flagged[:, 3].mean() > 0.4
    assert flagged[:, 4:].any(axis=1).mean() < 0.2


def test_equals_the_average_over_drawn_labels():
    rng = np.random.default_rng(1)
    labels, p, parts = draw(rng, 3000)
    part = parts[4]
    drawn = [macro_auc((rng.random(part.sum()) < p[part, 1]).astype(int), p[part]) for _ in range(400)]
    found = expect_auc(labels, p, np.arange(3000), part)
    # the line of the others is not quite that of a perfect model
    assert found.expected == pytest.approx(np.mean(drawn), abs=0.02)
    assert found.expected + found.gap == pytest.approx(macro_auc(labels[part], p[part]))
    assert found.error == pytest.approx(np.std(drawn), rel=0.3)
    assert found.expected < macro_auc(labels, p) - 0.01  # what would have been called lower before


def test_a_model_that_is_everywhere_too_sure_is_nobodys_fault():
    labels, p, parts = draw(np.random.default_rng(2), 3000)
    sure = scipy.special.expit(3 * scipy.special.logit(p[:, 1]))
    found = expect_auc(labels, np.column_stack([1 - sure, sure]), np.arange(3000), parts[0])
    plain = expect_auc(labels, p, np.arange(3000), parts[0])
    assert found.expected == pytest.approx(plain.expected, abs=1e-6)


def test_cases_of_a_group_are_no_independent_evidence():
    labels, p, parts = draw(np.random.default_rng(3), 600, noise=0.5)
    labels, p, part = (np.repeat(each, 4, axis=0) for each in (labels, p, parts[3]))
    whole = expect_auc(labels, p, np.arange(len(labels)) // 4, part)
    alone = expect_auc(labels, p, np.arange(len(labels)), part)
    assert whole.error > 1.7 * alone.error


def test_several_classes_are_averaged():
    rng = np.random.default_rng(4)
    p = rng.dirichlet(np.ones(3), 1500)
    labels = (rng.random((1500, 1)) > p.cumsum(axis=1)).sum(axis=1)
    part = p[:, 0] < 0.3
    found = expect_auc(labels, p, np.arange(1500), part)
    assert found.expected + found.gap == pytest.approx(macro_auc(labels[part], p[part]))
    assert abs(found.gap) < 3 * found.error


def test_what_cannot_be_expected():
    labels, p, parts = draw(np.random.default_rng(5), 400)
    groups = np.arange(400)
    assert expect_auc(labels, p, groups, labels == 1) is None
    separated = np.where(labels == 1, 0.9, 0.1)
    assert expect_auc(labels, np.column_stack([1 - separated, separated]), groups, parts[0]) is None
