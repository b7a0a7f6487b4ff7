"""Towers that are tuned together with an embedding network, from a table of pairs to scores."""

import itertools
import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_skin.backbones.network import load_network, weights_digest
from automl_skin.chains.whole import check_chain
from automl_skin.embeddings.key import TunedOn
from automl_skin.embeddings.networks import NetworkStore
from automl_skin.embeddings.tuned_folder import TunedFolder
from automl_skin.errors import ConfigError, IntegrityError, LeakageError
from automl_skin.export.predictor import CaseImage, Predictor
from automl_skin.networks import NetworkId
from automl_skin.search.material import Material
from automl_skin.settings import Workspace
from automl_skin.steps import export, search
from automl_skin.steps.embedded import find_networks
from automl_skin.steps.events import silent
from automl_skin.steps.prepare import read_prepared
from automl_skin.steps.tune import tune_network
from automl_skin.study.stage_one_file import read_embedded
from automl_skin.study.study import Study
from automl_skin.synthetic.pairs import generate_pairs

ROLES = ("close-up", "dermoscopic")
TUNING = "joint epochs=1 fusion=yap fusion.width=128 fusion.layers=1 batch_size=16"
NAME = "test_resnet.random@plain@joint-16-batch-size-1-epochs-yap-fusion-1-fusion-layers-128-fusion-width"
TOWERS = [f"{NAME}@{role}.without-{fold}" for role, fold in itertools.product(ROLES, range(3))]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return generate_pairs(tmp_path_factory.mktemp("pairs") / "data", n_lesions=70, seed=3)


@pytest.fixture(scope="module")
def study(end_to_end, tuning_here, pairs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    workspace = Workspace.at(folder / "workspace", folder / "cache")
    settings = {
        **end_to_end.BINARY,
        "data": str(pairs.table),
        "images": str(pairs.images),
        "trials": 12,
        "tuning": [TUNING],
        "towers": "joint",
        "shift_cases": 0,
    }
    with pytest.MonkeyPatch.context() as patch, tuning_here():
        patch.setattr(search, "write_report", lambda *_: None)
        return end_to_end.search(workspace, "joint", **settings).study


@pytest.fixture(scope="module")
def predictor(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle") / "joint"
    export.export(study, folder)
    return Predictor.load(folder)


def folders(study):
    store, embedded = NetworkStore(study.workspace.cache / "networks"), read_embedded(study)
    return {name: TunedFolder(store.folder / embedded[name].tuned.folder) for name in TOWERS}


def test_the_towers_of_a_fold_are_one_training(study):
    material = Material.read(study.material)
    assert sorted(material.inputs.tuned_on) == sorted(TOWERS)
    found, plan = folders(study), study.read_plan()
    assert len({folder.path for folder in found.values()}) == 3
    weights = set()
    for name, folder in found.items():
        network = NetworkId.parse(name)
        assert folder.towers == ROLES
        assert folder.tuned_on == TunedOn(plan.digest, network.held_out)
        weights.add(weights_digest(load_network(folder.of_role(network.role).backbone)))
        head = material.inputs.heads[name]
        assert head.towers.roles == ROLES
        assert head.n_metadata > 0
    assert len(weights) == len(TOWERS)
    (outcome,) = study.rounds.read()[0].outcomes
    assert [str(each.network) for each in outcome.networks] == TOWERS


def test_only_cases_outside_the_fold_tune_it(study):
    """The rows of the key are those of the training cases, and none of the fold or of the locked test set."""
    plan, prepared = study.read_plan(), read_prepared(study)
    for name, folder in folders(study).items():
        (fold,) = NetworkId.parse(name).held_out
        n_rows = int(prepared.images["case"].isin(plan.training((fold,))).sum())
        cases = prepared.images.loc[prepared.images["case"].isin(plan.training((fold,))), "case"].nunique()
        assert cases < n_rows
        facts = json.loads((folder.path / "key.json").read_text())
        assert facts["tuned_on"]["held_out_folds"] == [fold]


def test_trials_see_the_embeddings_and_the_own_head(study):
    records = study.journal.read()
    assert {record.state for record in records} == {"finished"}
    ways = {record.plan.config.way for record in records if record.plan.config.towers}
    assert ways >= {"within", "logits", "own"}


def test_towers_that_saw_a_fold_are_refused(study, make_fitter, small_chain):
    material = Material.read(study.material)
    config = next(each.plan.config for each in study.journal.read() if each.plan.config.way == "own")
    make_fitter(material).fit(config, 1)
    wrong = {name: replace(each, held_out_folds=(0,)) for name, each in material.inputs.tuned_on.items()}
    leaking = replace(material, inputs=replace(material.inputs, tuned_on=wrong))
    with pytest.raises(LeakageError, match="expected weights that were tuned without it"):
        make_fitter(leaking).fit(config, 1)


def test_a_chain_with_other_heads_is_not_whole(study, make_fitter):
    material = Material.read(study.material)
    config = next(each.plan.config for each in study.journal.read() if each.plan.config.way == "own")
    chain, _ = make_fitter(material).fit(config, 0)
    check_chain(chain, 2)
    (head,) = chain.tuned_heads
    renamed = replace(head, towers=replace(head.towers, roles=("close-up", "clinical")))
    for heads, message in (
        ((head, head), "expected 1 heads for 2 networks, got 2"),
        ((), "expected 2 heads for 2 networks, got 0"),
        ((renamed,), "expected heads on towers of close-up, dermoscopic"),
    ):
        with pytest.raises(IntegrityError, match=message):
            check_chain(replace(chain, tuned_heads=heads), 2)


def test_the_own_head_answers_whatever_is_absent(study, make_fitter):
    material = Material.read(study.material)
    config = next(each.plan.config for each in study.journal.read() if each.plan.config.way == "own")
    chain, held = make_fitter(material).fit(config, 0)
    assert len(chain.tuned_heads) == 1
    assert np.isfinite(held).all()
    rows = np.flatnonzero(material.folds == 0)
    inputs = material.inputs.take(rows)
    alone = [chain.predict(inputs.take(np.array([row])))[0] for row in range(len(rows))]
    assert np.abs(np.stack(alone) - chain.predict(inputs)).max() < 1e-6
    for column in range(2):  # what stands where a photograph is absent is never looked at
        has_role = inputs.has_role.copy()
        has_role[:, column] = False
        name = chain.image_names[column]
        absent = [
            replace(inputs, has_role=has_role, embeddings={**inputs.embeddings, name: values})
            for values in (inputs.embeddings[name], np.full_like(inputs.embeddings[name], 7.0))
        ]
        first, second = (chain.predict(each) for each in absent)
        assert (first == second).all()
        assert np.isfinite(first).all()
        assert np.abs(first - chain.predict(inputs)).max() > 1e-6


def test_the_same_training_gives_the_same_weights(study, tmp_path, tuning_here):
    """In another cache, to the last bit; a second call finds them."""
    folder = shutil.copytree(study.folder, tmp_path / "joint")
    workspace = Workspace.at(tmp_path / "workspace", tmp_path / "cache")
    copy = Study("joint", folder, study.config, workspace)
    (this,) = study.rounds.read()
    step = this.outcomes[0].step
    with tuning_here():
        again = tune_network(read_prepared(copy), step, ((0,),), silent)
    assert [str(each.id) for each in again] == [TOWERS[0], TOWERS[3]]
    before = folders(study)
    for each in again:
        role = each.id.role
        first = before[each.name].of_role(role).backbone
        assert weights_digest(load_network(each.backbone)) == weights_digest(load_network(first))
        arrays = before[each.name].head.to_arrays()
        assert all((array == arrays[name]).all() for name, array in each.head.to_arrays().items())


def test_networks_are_found_again(study):
    found = find_networks(study, TOWERS[:1] + TOWERS[3:4])
    assert [each.id.role for each in found] == list(ROLES)
    assert found[0].backbone.folder != found[1].backbone.folder


def test_the_bundle_scores_as_was_measured(study, predictor, pairs):
    table = pd.read_csv(pairs.table, dtype="str", keep_default_na=False)
    locked = pd.read_parquet(study.locked_predictions)
    rows = table[table["case_id"].isin(locked.index)]
    photographs = [
        CaseImage(
            row.case_id, row.image_role, row.image_id, (pairs.images / f"{row.image_id}.jpg").read_bytes()
        )
        for row in rows.itertuples()
    ]
    metadata = rows.drop_duplicates("case_id").set_index("case_id").loc[locked.index]
    together = predictor.predict(metadata, photographs)
    assert together.probabilities[:, 1] == pytest.approx(locked["stack: 1"].to_numpy(), abs=1e-3)
    for case in metadata.index[:3]:
        mine = [each for each in photographs if each.case == case]
        for given in (mine, mine[:1]):
            alone = predictor.predict(metadata.loc[[case]], given)
            assert np.isfinite(alone.probabilities).all()
        alone = predictor.predict(metadata.loc[[case]], mine).probabilities[0]
        assert np.abs(alone - together.probabilities[metadata.index.get_loc(case)]).max() < 1e-3


def test_one_kind_of_photograph_cannot_be_tuned_together(end_to_end, pairs, tmp_path):
    table = pd.read_csv(pairs.table)
    table[table["image_role"] == "dermoscopic"].to_csv(tmp_path / "one.csv", index=False)
    settings = {
        **end_to_end.BINARY,
        "data": str(tmp_path / "one.csv"),
        "images": str(pairs.images),
        "towers": "joint",
        "tuning": [TUNING],
    }
    workspace = Workspace.at(tmp_path / "workspace", tmp_path / "cache")
    with pytest.raises(
        ConfigError, match=r"--towers joint: expected at least two roles .* got 1 \(dermoscopic\)"
    ):
        end_to_end.search(workspace, "one", **settings)
    assert not (workspace.study_folder("one") / "plan.csv").exists()
