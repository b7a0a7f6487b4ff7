"""The calibrator of the mean over folds, in a study and in its bundle."""

import shutil
from dataclasses import replace
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest

from automl_skin.chains.calibration import Calibrator
from automl_skin.evaluation.operating_point import cross_fitted_operating_points
from automl_skin.export.bundle import read_facts, read_stack
from automl_skin.search.material import Material
from automl_skin.stacking.methods import plain_average
from automl_skin.steps import deployed
from automl_skin.steps.export import export
from automl_skin.steps.stack import build_stack
from automl_skin.study.study import Study


@pytest.fixture
def study(tiny, tmp_path):
    folder = shutil.copytree(tiny.study.folder, tmp_path / "studies" / "tiny")
    return Study("tiny", folder, tiny.study.config, tiny.workspace)


def test_new_cases_get_the_calibrated_mean(tiny):
    stored, material = read_stack(tiny.bundle, 2), Material.read(tiny.study.material)
    assert stored.stack.of_mean is not None
    stack = replace(stored, stack=replace(stored.stack, of_mean=Calibrator((2.0,), (0.3,))))
    inputs = material.inputs.take(np.arange(20))
    mean = np.mean([stack.predict_fold(inputs, fold) for fold in range(3)], axis=0)
    np.testing.assert_allclose(stack.predict(inputs), stack.stack.of_mean.apply(mean), atol=1e-12)
    alone = stack.predict(inputs.take(np.array([7])))
    np.testing.assert_allclose(alone, stack.predict(inputs)[[7]], atol=1e-6)


def test_nothing_of_the_locked_cases_is_read(study, multiclass_bundle):
    built = study.stack.read()
    shutil.rmtree(study.locked_material)
    told = []
    with mock.patch.dict("automl_skin.stacking.stack.METHODS", {"average": plain_average}, clear=True):
        again = build_stack(
            study, study.journal.read(), Material.read(study.material), lambda *counts: told.append(counts)
        )
    assert again.stack == built.stack
    np.testing.assert_array_equal(again.deployed, built.deployed)
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert len(read_stack(multiclass_bundle, 4).stack.of_mean.slopes) == 4


def test_thresholds_are_those_of_the_mean_and_of_one_chain_where_one_chain_answers(study, tiny, tmp_path):
    built, material = study.stack.read(), Material.read(study.material)
    assert np.abs(built.deployed - built.probabilities).max() > 0.001
    export(study, tmp_path / "bundle", refit=True)
    for bundle, scale in ((tiny.bundle, built.deployed), (tmp_path / "bundle", built.probabilities)):
        point = next(each for each in read_facts(bundle).operating_points if each.wanted == 0.8)
        (expected,) = cross_fitted_operating_points(
            material.labels, scale, material.folds, material.groups, [0.8], study.config.confidence
        )
        assert point.threshold == expected.threshold
    assert read_stack(tmp_path / "bundle", 2).stack.of_mean is None


def test_members_with_tuned_networks_are_left_as_they_are(study, monkeypatch):
    built, material, records = study.stack.read(), Material.read(study.material), study.journal.read()
    monkeypatch.setattr(deployed, "answer_pair", None)
    plans = [replace(each.plan, config=SimpleNamespace(is_tuned=True)) for each in records]
    tuned = [replace(each, plan=plan) for each, plan in zip(records, plans, strict=True)]
    stack, said = deployed.calibrate_deployed(
        study, tuned, replace(built.stack, of_mean=None), built.probabilities, material
    )
    assert stack.of_mean is None
    assert said is built.probabilities
