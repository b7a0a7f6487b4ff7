import shutil

import numpy as np
import pytest

from automl_skin.chains.calibration import fit_calibrator
from automl_skin.export.bundle import read_facts, read_stack
from automl_skin.export.predictor import Predictor
from automl_skin.search.material import Material
from automl_skin.steps import export
from automl_skin.steps.locked import read_openings
from automl_skin.steps.refit import all_rows, refit_stack
from automl_skin.study.study import Study


@pytest.fixture(scope="module")
def material(tiny):
    return Material.read(tiny.study.material)


@pytest.fixture(scope="module")
def bundle(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("refit") / "bundle"
    export.export(tiny.study, folder, refit=True)
    return folder


def test_one_chain_a_member(tiny, bundle):
    stack = read_stack(bundle, 2)
    assert set(stack.chains) == {(member, 0) for member in stack.stack.members}
    assert stack.stack.method == tiny.study.stack.read().stack.method
    assert len(stack.stack.blends) == 1


def test_bundle_and_card_say_that_it_is_not_measured(tiny, bundle):
    facts, measured = read_facts(bundle), read_facts(tiny.bundle)
    assert not facts.measured
    assert facts.auc is None
    assert facts.stack != measured.stack
    assert facts.plan == measured.plan
    assert "unmeasured" in (bundle / "MODEL_CARD.md").read_text()
    assert "unmeasured" not in (tiny.bundle / "MODEL_CARD.md").read_text()


def test_locked_rows_are_used_once_they_were_opened_and_not_before(tiny, material, tmp_path):
    assert read_openings(tiny.study)
    everything = all_rows(tiny.study, material)
    plan = tiny.study.read_plan()
    assert set(everything.cases.index) == set(plan.development) | set(plan.locked)
    assert everything.cases["target"].notna().all()
    assert len(everything.inputs) == len(everything.cases) == len(everything.inputs.metadata)
    closed = shutil.copytree(tiny.study.folder, tmp_path / "tiny")
    (closed / "locked" / "openings.json").unlink()
    (closed / "locked" / "labels.parquet").write_bytes(b"must not be read")
    study = Study("tiny", closed, tiny.study.config, tiny.workspace)
    assert list(all_rows(study, material).cases.index) == list(material.cases.index)


def test_labels_of_all_rows_are_those_of_the_table(tiny, material):
    everything = all_rows(tiny.study, material)
    diagnosis = tiny.rows.set_index("image_id")["diagnosis"].loc[everything.cases.index]
    malignant = diagnosis.isin(["melanoma", "carcinoma"]).astype(int)
    assert everything.cases["target"].tolist() == malignant.tolist()


def test_calibrators_are_fitted_on_all_out_of_fold_rows(tiny, material):
    stack = refit_stack(tiny.study, tiny.study.stack.read().stack.method, material)
    member = stack.stack.members[0]
    raw = tiny.study.journal.predictions(member).raw
    assert stack.chains[member, 0].calibrator == fit_calibrator(raw, material.labels)
    assert stack.references[member, 0].shape == (len(material.labels), material.n_classes)
    assert (np.diff(stack.references[member, 0], axis=0) >= 0).all()


def test_rank_chains_rank_in_all_out_of_fold_rows(tiny, bundle, material):
    chains = [chain for chain in read_stack(bundle, 2).chains.values() if chain.config.fusion == "rank"]
    assert chains
    assert all(chain.reference.shape[1] == len(material.labels) for chain in chains)


def test_refit_is_near_the_measured_stack_and_not_the_same(tiny, bundle, end_to_end, tmp_path):
    one = end_to_end.score_file(bundle, tiny.images, tmp_path / "one.csv", tiny.table)["probability"]
    other = end_to_end.score_file(tiny.bundle, tiny.images, tmp_path / "other.csv", tiny.table)["probability"]
    assert one.corr(other) > 0.9
    assert not np.allclose(one, other)


def test_refit_repeats(tiny, bundle, material):
    inputs = material.inputs
    again = refit_stack(tiny.study, tiny.study.stack.read().stack.method, material)
    assert np.array_equal(again.predict(inputs), Predictor.load(bundle).stack.predict(inputs))
