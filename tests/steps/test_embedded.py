"""Tuned networks from the cache to a bundle: networks with other random weights stand for tuned ones."""

import shutil
from dataclasses import replace
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.network import load_network, save_network
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.backbones.tuning.tuned_head import TunedHead
from automl_skin.embeddings.key import TunedOn
from automl_skin.embeddings.tuning_key import TuningKey
from automl_skin.errors import ConfigError, IntegrityError, LeakageError
from automl_skin.export.bundle import read_facts, read_stack, verify
from automl_skin.export.predictor import CaseImage, Predictor
from automl_skin.networks import NetworkId
from automl_skin.search.known import list_tuned_trials
from automl_skin.search.material import Material
from automl_skin.stacking.methods import plain_average
from automl_skin.steps.embed import embed, embed_tuned, find_needed
from automl_skin.steps.embedded import find_networks
from automl_skin.steps.events import silent
from automl_skin.steps.export import export
from automl_skin.steps.networks import ResolvedNetwork, frozen_networks
from automl_skin.steps.prepare import read_prepared
from automl_skin.steps.stack import build_stack, fit_chains, load_stack
from automl_skin.steps.trials import Phase, first_phase, run_trials
from automl_skin.steps.tune import network_store
from automl_skin.study.stage_one_file import read_embedded, write_embedded
from automl_skin.study.study import Study

NAME = "test_resnet.random@plain"
HELD_OUT = [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2)]


def made_up(study, held_out):
    """Return an embedding set of a network that was never trained, as tuning gives it."""
    (frozen,) = frozen_networks(study.config)
    backbone = resolve_backbone("test_resnet.random", seed=1 + sum(2**fold for fold in held_out))
    tuned_on = TunedOn(study.read_plan().digest, held_out)
    key = TuningKey("n", "r", TuningRecipe(), tuned_on, "l", "", "float32", 0, 1)
    store, network = network_store(study), load_network(backbone)
    rng = np.random.default_rng(0)
    n_classes = len(Material.read(study.material).class_of)
    weight = rng.normal(size=(n_classes, network.num_features)).astype(np.float32)
    tuned = store.find(key)
    if tuned is None:
        folder = store.begin(key, {"backbone": frozen.backbone.name, "target_of": [0] * n_classes})
        save_network(backbone, network, folder)
        TunedHead(weight, np.zeros(n_classes, np.float32)).save(folder)
        tuned = store.finish(key)
    network = replace(frozen.id, tuning="full", held_out=held_out)
    return ResolvedNetwork(network, tuned.backbone, frozen.recipe, tuned_on, tuned.head)


def copy_of(tiny, folder):
    copied = shutil.copytree(tiny.study.folder, folder / "tiny")
    workspace = type(tiny.workspace)(folder / "work", folder / "cache")
    return Study("tiny", copied, tiny.study.config.with_settings({"trials": 20}), workspace)


@pytest.fixture(scope="module")
def grown(tiny, tmp_path_factory):
    """A study whose material has tuned embeddings; read it only."""
    study = copy_of(tiny, tmp_path_factory.mktemp("grown"))
    sets = [made_up(study, held_out) for held_out in HELD_OUT]
    embed_tuned(read_prepared(study), sets, silent)
    return study


@pytest.fixture(scope="module")
def searched(grown, tmp_path_factory):
    """A stack of all trials, frozen ones and tuned ones in every way, with its bundle."""
    material = Material.read(grown.material)
    first = first_phase(grown, material)
    tuned = NetworkId("test_resnet.random", "plain", "full")
    options = replace(first.options, tuned=(tuned,), ways=("within", "rotation", "logits", "own"))
    phases = [first, Phase(len(grown.journal.read()), tuple(list_tuned_trials(options)), options)]
    n_trials = phases[1].begins_at + len(phases[1].fixed)
    records = run_trials(grown, material, phases=phases, until=n_trials)
    with mock.patch.dict("automl_skin.stacking.stack.METHODS", {"average": plain_average}, clear=True):
        built = build_stack(grown, records, material)
    bundle = tmp_path_factory.mktemp("bundle") / "bundle"
    export(grown, bundle)
    return records, built, bundle


def test_both_materials_have_the_tuned_embeddings(tiny, grown):
    for folder in ("material", "locked/material"):
        before, after = Material.read(tiny.study.folder / folder), Material.read(grown.folder / folder)
        assert set(after.inputs.tuned_on) == {
            f"{NAME}@full.without-{'-'.join(map(str, each))}" for each in HELD_OUT
        }
        assert after.inputs.heads.keys() == after.inputs.tuned_on.keys()
        assert after.base_digest == before.base_digest
        for name, tuned_on in after.inputs.tuned_on.items():
            values, folds = after.inputs.embeddings[name], after.folds
            applied = np.isin(folds, [-1, *tuned_on.held_out_folds]) | (len(tuned_on.held_out_folds) == 1)
            assert np.isfinite(values[applied]).all()
            assert np.isnan(values[~applied]).all()


def test_trials_of_before_are_still_of_this_material(grown):
    material = Material.read(grown.material)
    for record in grown.journal.read()[:6]:
        assert record.material == material.digest_for(record.plan.config)


def test_what_is_there_is_kept_when_frozen_embeddings_are_made_again(grown):
    before = Material.read(grown.material).digest, Material.read(grown.locked / "material").digest
    embed(read_prepared(grown), silent)
    assert (Material.read(grown.material).digest, Material.read(grown.locked / "material").digest) == before


def test_damaged_material_is_made_again_without_tuned_embeddings(tiny, tmp_path):
    study = copy_of(tiny, tmp_path)
    embed_tuned(read_prepared(study), [made_up(study, (0,))], silent)
    (study.material / "embeddings" / f"{NAME}@full.without-0.npy").write_bytes(b"broken")
    with pytest.raises(IntegrityError, match="not an array"):
        Material.read(study.material)
    embed(read_prepared(study), silent)
    assert not Material.read(study.material).inputs.tuned_on


def test_networks_are_found_again(grown):
    name = f"{NAME}@full.without-1-2"
    (found,) = find_networks(grown, [name])
    assert found.name == name
    assert found.tuned_on.held_out_folds == (1, 2)
    assert (found.head.weight == made_up(grown, (1, 2)).head.weight).all()
    assert found.recipe == frozen_networks(grown.config)[0].recipe


def test_a_network_that_held_out_other_folds_than_the_study_says_is_refused(tiny, tmp_path):
    study = copy_of(tiny, tmp_path)
    embed_tuned(read_prepared(study), [made_up(study, (0,))], silent)
    path, name = study.folder / "stage_one.json", f"{NAME}@full.without-0"
    other = f"{name}-1"
    path.write_text(path.read_text().replace(f'"{name}"', f'"{other}"'))
    with pytest.raises(LeakageError, match=r"without folds \[0, 1\], got .*, without \[0\]"):
        find_networks(study, [other])


def test_a_network_that_the_cache_has_lost_is_named(tiny, tmp_path):
    study = copy_of(tiny, tmp_path)
    embed_tuned(read_prepared(study), [made_up(study, (0,))], silent)
    folder = network_store(study).folder / read_embedded(study)[f"{NAME}@full.without-0"].tuned.folder
    (folder / "config.json").write_text("{}")
    with pytest.raises(IntegrityError, match=r"config\.json was changed"):
        find_networks(study, [f"{NAME}@full.without-0"])
    shutil.rmtree(folder)
    with pytest.raises(ConfigError, match="not found in the cache"):
        find_networks(study, [f"{NAME}@full.without-0"])
    with pytest.raises(IntegrityError, match="test@plain is not in it"):
        find_networks(study, ["test@plain"])


def test_other_networks_do_not_take_the_place_of_those_that_trials_saw(searched, grown):
    path = grown.folder / "stage_one.json"
    text = path.read_text()
    embedded = read_embedded(grown)
    name = f"{NAME}@full.without-0"
    write_embedded(grown, {**embedded, name: replace(embedded[name], weights="another")})
    with pytest.raises(ConfigError, match=r"expected the same embeddings for all, .*full\.without-0"):
        embed_tuned(read_prepared(grown), [made_up(grown, (0,))], silent)
    path.write_text(text)


def test_images_that_vanished_are_named(grown):
    prepared = read_prepared(grown)
    contents = prepared.contents.copy()
    contents.loc[3, "content"] = None
    with pytest.raises(IntegrityError, match="but 1 cases have none now"):
        embed_tuned(replace(prepared, contents=contents), [made_up(grown, (0,))], silent)


def test_every_way_is_in_the_stack_and_repeats(searched, grown):
    records, built, _ = searched
    assert {record.state for record in records} == {"finished"}
    assert {record.plan.config.way for record in records} == {"", "within", "rotation", "logits", "own"}
    material = Material.read(grown.material)
    stack = load_stack(grown, built.stack, material)
    for fold in range(3):
        held = np.flatnonzero(material.folds == fold)
        answer = stack.predict_fold(material.inputs.take(held), fold)
        assert answer == pytest.approx(built.probabilities[held], abs=1e-12)


def test_a_bundle_has_one_network_an_embedding(searched, grown):
    _, built, bundle = searched
    verify(bundle)
    facts = read_facts(bundle)
    names = {each.name for each in facts.embeddings}
    assert names == {NAME, *Material.read(grown.material).inputs.tuned_on}
    assert len({each.backbone for each in facts.embeddings}) == len(names)
    assert len({each.weights for each in facts.embeddings}) == len(names)
    assert {each.backbone for each in facts.embeddings} == {
        path.name for path in (bundle / "backbones").iterdir()
    }
    assert read_stack(bundle, 2).stack == built.stack


def test_networks_of_other_folds_and_trials_are_not_needed(searched, grown):
    records, built, _ = searched
    within = next(record.plan.number for record in records if record.plan.config.way == "within")
    blends = tuple(replace(blend, members=(within,), weights=(1.0,)) for blend in built.stack.blends)
    assert [each.name for each in find_needed(grown, replace(built.stack, blends=blends))] == [
        f"{NAME}@full.without-{fold}" for fold in range(3)
    ]
    one = replace(built.stack, blends=blends[:1])
    assert [each.name for each in find_needed(grown, one)] == [f"{NAME}@full.without-0"]


def test_one_row_alone_scores_like_in_a_batch(searched, tiny):
    predictor = Predictor.load(searched[2])
    rows = tiny.rows.set_index("image_id").iloc[:12]
    photographs = [
        CaseImage(name, "image", name, (tiny.images / f"{name}.jpg").read_bytes()) for name in rows.index
    ]
    batch = predictor.predict(rows, photographs).probabilities
    assert np.isfinite(batch).all()
    for position in (0, 5, 11):
        alone = predictor.predict(rows.iloc[[position]], [photographs[position]]).probabilities[0]
        assert np.abs(alone - batch[position]).max() < 1e-3


def test_new_cases_are_scored_by_the_measured_chains(searched, grown, tiny):
    """What a bundle says of a locked case through pixels is what the study's chains say of its embeddings."""
    _, built, bundle = searched
    development, locked = Material.read(grown.material), Material.read(grown.locked / "material")
    fit_chains(grown, grown.journal.read(), [])
    expected = load_stack(grown, built.stack, development).predict(locked.inputs)
    rows = tiny.rows.set_index("image_id").loc[locked.cases.index]
    photographs = [
        CaseImage(name, "image", name, (tiny.images / f"{name}.jpg").read_bytes()) for name in rows.index
    ]
    answer = Predictor.load(bundle).predict(pd.DataFrame(rows), photographs).probabilities
    assert np.abs(answer - expected).max() < 1e-3


def test_refit_of_tuned_members_is_refused(searched, grown, tmp_path):
    with (
        mock.patch.dict("automl_skin.steps.refit.METHODS", {"average": plain_average}),
        mock.patch.dict("automl_skin.stacking.stack.METHODS", {"average": plain_average}),
        pytest.raises(ConfigError, match="export without --refit"),
    ):
        export(grown, tmp_path / "bundle", refit=True)
