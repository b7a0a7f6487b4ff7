"""Every fusion with every family: fitted, saved, loaded, and one case scored like a batch (promise 8)."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import rankdata

from automl_skin.chains.config import FUSIONS
from automl_skin.chains.fitted import FittedChain, build_design, cross_calibrate, with_calibrator
from automl_skin.heads.catalogue import FAMILIES

CASES = [
    (fusion, family)
    for fusion in FUSIONS
    for family in FAMILIES
    if FAMILIES[family].neural or not FUSIONS[fusion].neural
]


@pytest.fixture(scope="module", params=[2, 4])
def setting(request, material, material_of_four, make_fitter):
    """One fitter a number of classes, shared by all chains, with the values that differ between the two."""
    material = material if request.param == 2 else material_of_four
    values = {"labels": "diagnosis", "components": 6} if request.param == 2 else {"weighting": "balanced"}
    return material, make_fitter(material), values


@pytest.mark.parametrize(("fusion", "family"), CASES)
def test_a_chain_answers_the_same_fitted_loaded_alone_and_in_any_order(
    fusion, family, setting, small_chain, tmp_path
):
    material, fitter, values = setting
    if fusion == "metadata":
        values = {**values, "components": None}
    chain, held = fitter.fit(small_chain(fusion, family, **values), fold=1)
    raw = np.full((len(material.cases), material.n_classes), 1 / material.n_classes)
    raw[material.folds == 1] = held
    chain = with_calibrator(chain, cross_calibrate(raw, material.labels, material.folds % 2)[0][1])
    inputs = material.inputs.take(np.flatnonzero(material.folds == 1))
    assert np.abs(chain.raw(inputs) - held).max() < 1e-9
    assert np.abs(held.sum(axis=1) - 1.0).max() < 1e-12
    together = chain.predict(inputs)
    assert together.shape == (len(inputs), material.n_classes)
    assert (together != held).any()

    chain.save(tmp_path / "chain")
    back = FittedChain.load(tmp_path / "chain")
    assert back.config == chain.config
    assert (back.predict(inputs) == together).all()
    order = np.random.default_rng(0).permutation(len(inputs))
    assert np.abs(back.predict(inputs.take(order)) - together[order]).max() < 1e-6
    for alone in (0, 7, len(inputs) - 1):
        assert np.abs(back.predict(inputs.take(np.array([alone]))) - together[[alone]]).max() < 1e-6


def test_no_file_of_a_chain_is_a_pickle(material, make_fitter, small_chain, tmp_path):
    chain, _ = make_fitter(material).fit(small_chain("late", "extra_trees"), fold=0)
    chain.save(tmp_path)
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert {"chain.json", "arrays.safetensors"} < files
    assert {path.rpartition(".")[2] for path in files} <= {"json", "safetensors"}


def test_a_case_without_an_image_is_the_average_image(material, make_fitter, small_chain):
    chain, _ = make_fitter(material).fit(small_chain("image"), fold=0)
    inputs = material.inputs.take(np.arange(5))
    lacking = replace(inputs, has_image=np.array([True, False, True, False, True]))
    columns = chain.project(lacking)
    assert (columns[[1, 3]] == 0).all()
    assert (columns[[0, 2, 4]] == chain.project(inputs)[[0, 2, 4]]).all()
    assert len(np.unique(chain.predict(lacking)[[1, 3], 1])) == 1


def test_late_is_a_weighted_mean_and_rank_a_mean_of_positions(material, make_fitter, small_chain):
    fitter = make_fitter(material)
    late, held = fitter.fit(small_chain("late", image_weight=0.7), fold=0)
    branches = np.stack([fitter.fit(small_chain(name), fold=0)[1] for name in ("image", "metadata")])
    np.testing.assert_allclose(held, 0.7 * branches[0] + 0.3 * branches[1], atol=1e-15)
    assert (late.combine(branches) == held).all()
    positions = rankdata(branches, axis=1).sum(axis=0)
    _, held = fitter.fit(small_chain("rank"), fold=0)
    np.testing.assert_allclose(held, positions / positions.sum(axis=1, keepdims=True), atol=1e-12)


def test_blocks_stand_side_by_side_the_image_first():
    image, metadata = np.ones((3, 4), np.float32), np.zeros((3, 2), np.float32)
    design = build_design(("image", "metadata"), image, metadata)
    assert design.matrix.shape == (3, 6)
    assert (design.image == 1).all()
    assert design.metadata.shape == (3, 2)
    assert build_design(("metadata",), image, metadata).image_columns == 0
    assert build_design(("image",), image, metadata).n_columns == 4


def test_no_row_is_calibrated_by_a_map_that_saw_its_label():
    rng = np.random.default_rng(0)
    labels, folds = rng.integers(2, size=200), rng.integers(5, size=200)
    positive = 1 / (1 + np.exp(-(2.0 * labels + rng.normal(size=200))))
    raw = np.column_stack([1 - positive, positive])
    _, calibrated = cross_calibrate(raw, labels, folds)
    for row in range(0, 200, 20):
        changed = labels.copy()
        changed[row] = 1 - changed[row]
        again = cross_calibrate(raw, changed, folds)[1]
        same_fold = folds == folds[row]
        assert (again[same_fold] == calibrated[same_fold]).all()
        assert (again[~same_fold] != calibrated[~same_fold]).any()


def test_each_fold_is_calibrated_by_its_own_map():
    rng = np.random.default_rng(1)
    labels, folds = rng.integers(3, size=150), np.arange(150) % 3
    raw = rng.dirichlet(np.ones(3) + 2, size=150)
    calibrators, calibrated = cross_calibrate(raw, labels, folds)
    assert len(calibrators) == 3
    for fold in range(3):
        assert (calibrators[fold].apply(raw[folds == fold]) == calibrated[folds == fold]).all()
