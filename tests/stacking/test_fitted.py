"""The chains that score new cases are the ones that were measured, bit for bit."""

import numpy as np
import pytest

from automl_skin.chains.fitted import FittedChain, cross_calibrate, with_calibrator
from automl_skin.metrics.catalogue import METRICS
from automl_skin.stacking.fitted import FittedStack, needed_chains, single_stack
from automl_skin.stacking.methods import METHODS, Rows
from automl_skin.stacking.stack import Stack, cross_fit

MEMBERS = (("concat", "logistic"), ("late", "mlp"), ("rank", "extra_trees"), ("metadata", "lightgbm"))


@pytest.fixture(scope="module", params=[2, 4])
def measured(request, material, material_of_four, make_fitter, small_chain, tmp_path_factory):
    """Four trials with all their chains, written and read again, and their out-of-fold probabilities."""
    material = material if request.param == 2 else material_of_four
    fitter, folder = make_fitter(material), tmp_path_factory.mktemp("chains")
    chains, calibrated = {}, []
    for number, names in enumerate(MEMBERS):
        raw = np.empty((len(material.cases), material.n_classes))
        for fold in range(5):
            chains[number, fold], raw[material.folds == fold] = fitter.fit(small_chain(*names), fold)
        calibrators, probabilities = cross_calibrate(raw, material.labels, material.folds)
        calibrated.append(probabilities)
        for fold in range(5):
            path = folder / f"{number}-{fold}"
            with_calibrator(chains[number, fold], calibrators[fold]).save(path)
            chains[number, fold] = FittedChain.load(path)
    rows = Rows((0, 1, 2, 3), np.stack(calibrated), material.labels, material.folds, METRICS["auc"])
    return material, chains, rows


def fitted_stack(stack, chains, rows):
    references = {
        (trial, fold): np.sort(rows.probabilities[trial, rows.folds == fold], axis=0)
        for trial, fold in needed_chains(stack)
    }
    return FittedStack(stack, {pair: chains[pair] for pair in needed_chains(stack)}, references)


@pytest.mark.parametrize("method", METHODS)
def test_held_rows_get_what_was_measured(method, measured):
    material, chains, rows = measured
    blends, raw = cross_fit(method, rows)
    calibrators, probabilities = cross_calibrate(raw, rows.labels, rows.folds)
    fitted = fitted_stack(Stack(method, tuple(blends), tuple(calibrators)), chains, rows)
    for fold in range(5):
        held = np.flatnonzero(rows.folds == fold)
        inputs = material.inputs.take(held)
        assert np.abs(fitted.predict_fold(inputs, fold) - probabilities[held]).max() < 1e-9
        alone = fitted.predict_fold(inputs.take(np.array([3])), fold)
        assert np.abs(alone - probabilities[held[[3]]]).max() < 1e-6


@pytest.mark.parametrize("method", METHODS)
def test_new_cases_get_the_mean_of_the_folds_alone_as_in_a_batch(method, measured):
    material, chains, rows = measured
    blends, raw = cross_fit(method, rows)
    calibrators, _ = cross_calibrate(raw, rows.labels, rows.folds)
    fitted = fitted_stack(Stack(method, tuple(blends), tuple(calibrators)), chains, rows)
    inputs = material.inputs.take(np.arange(30))
    together = fitted.predict(inputs)
    by_fold = [fitted.predict_fold(inputs, fold) for fold in range(5)]
    np.testing.assert_allclose(together, np.mean(by_fold, axis=0), atol=1e-15)
    np.testing.assert_allclose(together.sum(axis=1), 1.0, atol=1e-12)
    order = np.random.default_rng(0).permutation(30)
    assert np.abs(fitted.predict(inputs.take(order)) - together[order]).max() < 1e-6
    assert np.abs(fitted.predict(inputs.take(np.array([11]))) - together[[11]]).max() < 1e-6


def test_needed_chains_are_those_of_the_blends(measured):
    _, _, rows = measured
    blends, _ = cross_fit("greedy selection", rows)
    stack = Stack("greedy selection", tuple(blends), ())
    assert set(needed_chains(stack)) == {(m, fold) for fold, each in enumerate(blends) for m in each.members}


def test_a_single_trial_is_unchanged(measured):
    material, chains, rows = measured
    fitted = fitted_stack(single_stack(1, 5, material.n_classes), chains, rows)
    for fold in range(5):
        held = np.flatnonzero(rows.folds == fold)
        answer = fitted.predict_fold(material.inputs.take(held), fold)
        np.testing.assert_allclose(answer, rows.probabilities[1, held], atol=1e-12)
