"""Chains of every neural fusion in one bundle: exported, loaded, and scored as they were measured."""

from unittest import mock

import numpy as np
import pandas as pd
import pytest

from automl_skin.export.predictor import CaseImage, Predictor
from automl_skin.heads.neural.fusions.catalogue import NEURAL_FUSIONS
from automl_skin.search.material import Material
from automl_skin.search.propose import Proposal
from automl_skin.search.trial import TrialPlan
from automl_skin.settings import Workspace
from automl_skin.stacking import methods
from automl_skin.stacking.fitted import FittedStack, single_stack
from automl_skin.steps import export, search

pytestmark = pytest.mark.slow

NET = "test_resnet.random"
EVERY_FUSION = pytest.mark.parametrize("fusion", NEURAL_FUSIONS)


@pytest.fixture(scope="module")
def study(tiny, end_to_end, small_chain, tmp_path_factory):
    """A study of one trial a fusion on the pictures of `tiny`, whose embeddings are taken as they are."""
    chains = [small_chain(name, "mlp", backbones=(NET,), components=8) for name in NEURAL_FUSIONS]
    given = [
        Proposal(TrialPlan(number, "known", chain.fusion, {}, chain), None)
        for number, chain in enumerate(chains)
    ]
    settings = {
        **end_to_end.BINARY,
        "data": str(tiny.table),
        "images": str(tiny.images),
        "trials": len(given),
        "folds": 2,
        "shift_cases": 0,
    }
    workspace = Workspace.at(tmp_path_factory.mktemp("fusions"), tiny.workspace.cache)
    with (
        mock.patch("automl_skin.steps.trials.fixed_trials", return_value=given),
        mock.patch.object(methods, "AVERAGED", len(given)),  # all of them are members
        mock.patch.object(search, "write_report"),  # pictures take most of the time
    ):
        return end_to_end.search(workspace, "fusions", **settings).study


@pytest.fixture(scope="module")
def numbers(study):
    """Trials by their fusion."""
    return {record.plan.config.fusion: record.plan.number for record in study.journal.read()}


@pytest.fixture(scope="module")
def predictor(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle") / "fusions"
    export.export(study, folder)
    return Predictor.load(folder)


@pytest.fixture(scope="module")
def of_fusion(predictor, numbers):
    """Make a predictor of one fusion's chains alone."""

    def make(fusion):
        stack = FittedStack(single_stack(numbers[fusion], 2, 2), predictor.stack.chains, {})
        return Predictor(predictor.facts, stack, predictor.networks, predictor.backbones)

    return make


@pytest.fixture(scope="module")
def some(tiny):
    """Metadata and photographs of a few cases."""
    rows = tiny.rows.head(5).set_index("image_id")
    return rows, [
        CaseImage(name, "image", name, (tiny.images / f"{name}.jpg").read_bytes()) for name in rows.index
    ]


def test_the_bundle_has_chains_of_every_fusion_and_scores_as_was_measured(study, predictor, tiny):
    """Locked cases through pixels, against what was written when the test set was opened."""
    fusions = [chain.config.fusion for chain in predictor.stack.chains.values()]
    assert sorted(fusions) == sorted([*NEURAL_FUSIONS, *NEURAL_FUSIONS])
    locked = pd.read_parquet(study.locked_predictions)
    rows = tiny.rows.set_index("image_id").loc[locked.index]
    photographs = [
        CaseImage(name, "image", name, (tiny.images / f"{name}.jpg").read_bytes()) for name in rows.index
    ]
    answer = predictor.predict(rows, photographs).probabilities
    assert answer[:, 1] == pytest.approx(locked["stack: 1"].to_numpy(), abs=1e-3)


@EVERY_FUSION
def test_chains_of_the_bundle_are_those_that_were_measured(fusion, study, predictor, numbers):
    material = Material.read(study.material)
    measured = study.journal.predictions(numbers[fusion]).calibrated
    for fold in range(2):
        held = np.flatnonzero(material.folds == fold)
        chain = predictor.stack.chains[numbers[fusion], fold]
        assert np.abs(chain.predict(material.inputs.take(held)) - measured[held]).max() < 1e-9


@EVERY_FUSION
def test_one_row_is_its_line_of_a_batch(fusion, study, predictor, numbers):
    inputs = Material.read(study.material).inputs.take(np.arange(9))
    for fold in range(2):
        chain = predictor.stack.chains[numbers[fusion], fold]
        together = chain.predict(inputs)
        alone = [chain.predict(inputs.take(np.array([row]))) for row in range(9)]
        assert np.abs(np.concatenate(alone) - together).max() < 1e-6


@EVERY_FUSION
def test_photographs_and_metadata_count_and_metadata_may_be_missing(fusion, of_fusion, some):
    rows, photographs = some
    predictor = of_fusion(fusion)
    both = predictor.predict(rows, photographs).probabilities
    for position, name in enumerate(rows.index):
        alone = predictor.predict(rows.loc[[name]], [photographs[position]]).probabilities
        assert alone[0] == pytest.approx(
            both[position], abs=1e-3
        )  # the network's last bit may depend on company
    without = predictor.predict(rows[[]], photographs)
    assert without.flags == [["no_metadata"]] * len(rows)
    for found in (both, without.probabilities):
        assert np.isfinite(found).all()
        assert found.sum(axis=1) == pytest.approx(1.0)
        assert len(np.unique(found[:, 1])) == len(rows)
    assert (both != without.probabilities).any()
