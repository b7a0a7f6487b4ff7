import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from automl_skin.chains.calibration import LOGIT_BOUND, MIN_SLOPE, Calibrator, fit_calibrator, logit
from automl_skin.metrics.ranking import log_loss, macro_auc


def draw(n_cases=3000, slope=0.4, intercept=-1.0, seed=0):
    """Return probabilities whose true log-odds are `slope` times as large, and labels."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 2, n_cases)
    labels = (rng.random(n_cases) < 1 / (1 + np.exp(-(slope * scores + intercept)))).astype(np.int64)
    positive = 1 / (1 + np.exp(-scores))
    return np.column_stack([1 - positive, positive]), labels


def test_finds_the_slope_and_the_intercept():
    calibrator = fit_calibrator(*draw(n_cases=20_000))
    assert calibrator.slopes == pytest.approx((0.4,), abs=0.03)
    assert calibrator.intercepts == pytest.approx((-1.0,), abs=0.05)


def test_is_the_maximum_likelihood_of_smoothed_targets():
    probabilities, labels = draw(n_cases=300)
    n_positive = labels.sum()
    target = np.where(labels, (n_positive + 1) / (n_positive + 2), 1 / (len(labels) - n_positive + 2))
    twice = np.concatenate([logit(probabilities[:, 1])] * 2)[:, None]
    reference = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000)
    reference.fit(twice, np.repeat([1, 0], 300), sample_weight=np.concatenate([target, 1 - target]))
    calibrator = fit_calibrator(probabilities, labels)
    assert calibrator.slopes[0] == pytest.approx(reference.coef_[0, 0], abs=1e-5)
    assert calibrator.intercepts[0] == pytest.approx(reference.intercept_[0], abs=1e-5)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_improves_the_log_loss_and_keeps_the_order(n_classes):
    rng = np.random.default_rng(3)
    labels = rng.integers(n_classes, size=2000)
    scores = 4.0 * (rng.normal(size=(2000, n_classes)) + np.eye(n_classes)[labels])
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    calibrated = fit_calibrator(probabilities, labels).apply(probabilities)
    np.testing.assert_allclose(calibrated.sum(axis=1), 1.0, atol=1e-12)
    assert log_loss(labels, calibrated) < log_loss(labels, probabilities) - 0.2
    if n_classes == 2:
        assert macro_auc(labels, calibrated) == macro_auc(labels, probabilities)


def test_a_row_is_calibrated_alone_as_in_a_batch():
    for n_classes in (2, 5):
        raw = np.random.default_rng(0).dirichlet(np.ones(n_classes), size=301)
        n_maps = 1 if n_classes == 2 else n_classes
        calibrator = Calibrator((0.7,) * n_maps, (-0.3,) * n_maps)
        together = calibrator.apply(raw)
        for rows in ([0], [300], range(5, 12), range(300, -1, -1)):
            assert (calibrator.apply(raw[list(rows)]) == together[list(rows)]).all()


def test_separable_scores_stay_finite():
    labels = np.repeat([0, 1], 20)
    probabilities = np.column_stack([1.0 - labels, labels]).astype(np.float64)
    calibrated = fit_calibrator(probabilities, labels).apply(probabilities)
    assert 0.9 < calibrated[-1, 1] < 1.0
    assert calibrated[0, 1] == pytest.approx(1 / 22, abs=1e-6)


def test_scores_that_rank_backwards_give_the_prior_and_keep_their_order():
    probabilities, labels = draw(slope=-1.0, intercept=-1.0)
    calibrator = fit_calibrator(probabilities, labels)
    assert calibrator.slopes == (MIN_SLOPE,)
    calibrated = calibrator.apply(probabilities)[:, 1]
    np.testing.assert_allclose(calibrated, labels.mean(), atol=1e-3)
    assert (np.argsort(calibrated) == np.argsort(probabilities[:, 1])).all()


def test_priors_that_differ_by_noise_do_not_take_another_chains_prior_to_0_or_1():
    probabilities, labels = draw(slope=1.0, intercept=0.0)
    z = 1e-6 * logit(probabilities[:, 1]) - 0.5  # what a chain answers whose scores ranked backwards
    calibrator = fit_calibrator(np.column_stack([1 - expit(z), expit(z)]), labels)
    other = expit(np.array([-0.52, -0.48]))
    np.testing.assert_allclose(
        calibrator.apply(np.column_stack([1 - other, other]))[:, 1], labels.mean(), atol=1e-3
    )


def test_equal_scores_and_one_class_alone():
    probabilities = np.full((40, 2), 0.5)
    labels = np.repeat([0, 0, 0, 1], 10)
    assert fit_calibrator(probabilities, labels).apply(probabilities)[0, 1] == pytest.approx(0.25, abs=0.03)
    assert fit_calibrator(probabilities, np.zeros(40, np.int64)) == Calibrator((1.0,), (0.0,))


def test_logit_is_bounded():
    assert logit(np.array([0.0, 0.5, 1.0])).tolist() == [-LOGIT_BOUND, 0.0, LOGIT_BOUND]


def test_comes_to_an_end_where_rounding_hides_every_gain():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        probabilities = rng.dirichlet(np.full(4, 10.0 ** rng.uniform(-1, 3)), size=300)
        calibrator = fit_calibrator(probabilities, rng.integers(4, size=300))
        assert np.isfinite([*calibrator.slopes, *calibrator.intercepts]).all()
