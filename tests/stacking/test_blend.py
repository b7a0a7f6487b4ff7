import numpy as np
import pytest
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression

from automl_skin.chains.calibration import logit
from automl_skin.records import from_plain, to_plain
from automl_skin.stacking.blend import LOGISTIC_C, Blend, fit_logistic


def draw(n_members=3, n_cases=120, n_classes=2, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(n_classes, size=n_cases)
    scores = rng.normal(size=(n_members, n_cases, n_classes)) + np.eye(n_classes)[labels]
    powers = np.exp(scores)
    return powers / powers.sum(axis=2, keepdims=True), labels


def blends(n_classes):
    probabilities, labels = draw(n_classes=n_classes)
    weights = (0.5, 0.3, 0.2)
    return [
        Blend("average", (4, 1, 7), weights),
        Blend("rank", (4, 1, 7), weights),
        fit_logistic((4, 1, 7), probabilities, labels),
    ]


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("rule", [0, 1, 2])
def test_a_row_alone_is_as_in_a_batch_and_json_keeps_every_bit(rule, n_classes):
    probabilities, _ = draw(n_classes=n_classes, seed=1)
    references = np.sort(draw(n_classes=n_classes, seed=2)[0], axis=1)
    blend = blends(n_classes)[rule]
    together = blend.apply(probabilities, references)
    np.testing.assert_allclose(together.sum(axis=1), 1.0, atol=1e-12)
    back = from_plain(Blend, to_plain(blend), "a file")
    assert back == blend
    for rows in ([0], [119], range(9, 2, -1)):
        alone = back.apply(probabilities[:, list(rows)], references)
        assert np.abs(alone - together[list(rows)]).max() < 1e-12


def test_average():
    probabilities, _ = draw()
    expected = np.average(probabilities, axis=0, weights=(0.5, 0.3, 0.2))
    np.testing.assert_allclose(blends(2)[0].apply(probabilities), expected, atol=1e-12)


def test_rank_average():
    probabilities, _ = draw()
    ranks = np.average(rankdata(probabilities, axis=1) / 121, axis=0, weights=(0.5, 0.3, 0.2))
    blended = blends(2)[1].apply(probabilities, np.sort(probabilities, axis=1))
    np.testing.assert_allclose(blended, ranks / ranks.sum(axis=1, keepdims=True), atol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_logistic_is_scikit_learns(n_classes):
    probabilities, labels = draw(n_classes=n_classes)
    columns = [1] if n_classes == 2 else range(n_classes)
    matrix = np.column_stack([logit(member[:, column]) for column in columns for member in probabilities])
    model = LogisticRegression(C=LOGISTIC_C, max_iter=2000).fit(matrix, labels)
    blend = fit_logistic((4, 1, 7), probabilities, labels)
    np.testing.assert_allclose(blend.apply(probabilities), model.predict_proba(matrix), atol=1e-12)
    assert sum(blend.weights) == pytest.approx(1.0)


@pytest.mark.parametrize("present", [(0, 1, 3), (1, 3)])
def test_a_class_without_rows_is_as_good_as_never_answered(present):
    probabilities, labels = draw(n_classes=4)
    known = np.isin(labels, present)
    blend = fit_logistic((4, 1, 7), probabilities[:, known], labels[known])
    answers = blend.apply(probabilities)
    absent = [k for k in range(4) if k not in present]
    assert answers.shape == (len(labels), 4)
    assert answers[:, absent].max() < 1e-4
    of_known = LogisticRegression(C=LOGISTIC_C, max_iter=2000)
    columns = np.column_stack([logit(member[:, k]) for k in range(4) for member in probabilities])
    expected = of_known.fit(columns[known], labels[known]).predict_proba(columns)
    np.testing.assert_allclose(answers[:, list(present)], expected, atol=1e-4)
