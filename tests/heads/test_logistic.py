import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from automl_skin.heads import logistic
from automl_skin.heads.design import Design
from automl_skin.heads.logistic import LogisticConfig
from automl_skin.heads.training import training_targets


def fit(config, design, labels, n_classes=2):
    """Fit on cases of equal weight."""
    return logistic.fit(config, design, training_targets(design, labels, n_classes, None), 0, 1)


def make_cases(n_classes):
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(400, 10)).astype(np.float32)
    scores = matrix @ rng.normal(size=(10, n_classes)) + rng.gumbel(size=(400, n_classes))
    return matrix, scores.argmax(axis=1)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_agrees_with_scikit_learn_in_float64(n_classes):
    matrix, labels = make_cases(n_classes)
    theirs = LogisticRegression(C=0.1, tol=1e-8).fit(matrix.astype(np.float64), labels)
    ours = fit(LogisticConfig(c=0.1, metadata_scale=1.0), Design(matrix, 10), labels, n_classes)
    difference = ours.predict(Design(matrix, 10)) - theirs.predict_proba(matrix.astype(np.float64))
    assert np.abs(difference).max() < 0.01


def test_metadata_scale_frees_the_metadata_from_the_penalty():
    matrix, labels = make_cases(2)
    design = Design(matrix, 5)
    plain, freed = (fit(LogisticConfig(c=1e-4, metadata_scale=s), design, labels) for s in (1.0, 10.0))
    sizes = [np.abs(head.coefficients[:, 0]) for head in (plain, freed)]
    assert sizes[1][5:].sum() > 5 * sizes[0][5:].sum()
    assert sizes[1][:5].sum() < 1.5 * sizes[0][:5].sum()


def test_ending_before_convergence_is_silent(recwarn):
    rng = np.random.default_rng(0)
    matrix = (rng.normal(size=(50, 400)) * np.geomspace(1e-3, 1e3, 400)).astype(np.float32)
    fit(LogisticConfig(c=10.0), Design(matrix, 400), rng.integers(2, size=50))
    assert len(recwarn) == 0


def test_what_blas_multiplies_beside_the_matrix_is_no_failure(monkeypatch):
    """As OpenBLAS's kernel for five columns does, by chance: see `_fit_quietly`."""
    matrix, labels = make_cases(2)
    design = Design(matrix[:, :5], 5)
    quiet = fit(LogisticConfig(), design, labels)

    def fit_beside_garbage(model, *arguments):
        np.array([np.inf], dtype=np.float32) - np.float32(np.inf)
        return original(model, *arguments)

    original = LogisticRegression.fit
    monkeypatch.setattr(LogisticRegression, "fit", fit_beside_garbage)
    head = fit(LogisticConfig(), design, labels)
    np.testing.assert_array_equal(head.coefficients, quiet.coefficients)
