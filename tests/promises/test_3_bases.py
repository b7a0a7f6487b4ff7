"""Promise 3 with real fold networks: what each saw, what is written of it, and that no chain mixes two bases.

The columns of two networks have nothing in common, even if both began with the same weights. So a chain is fitted and
applied in the columns of one network a backbone (`within`, `rotation`, `own`), or in logits, whose columns mean
the same in every network (`logits`).
"""

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.backbones.tuning.tuned_head import TunedHead
from automl_skin.chains.config import WAYS
from automl_skin.embeddings.key import TunedOn
from automl_skin.embeddings.tuned_folder import TunedFolder
from automl_skin.errors import ConfigError, IntegrityError, LeakageError
from automl_skin.networks import NetworkId
from automl_skin.search.material import Material
from automl_skin.search.propose import given
from automl_skin.search.tuning_steps import TuningStep
from automl_skin.steps.embed import embed_tuned
from automl_skin.steps.events import silent
from automl_skin.steps.networks import frozen_networks
from automl_skin.steps.prepare import read_prepared
from automl_skin.steps.trials import first_phase
from automl_skin.steps.tune import tune_network

HELD_OUT = [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2)]
RECIPE = TuningRecipe(epochs=1, inner_parts=0, augmentation="none", learning_rate=0.01)
ROOT = "test_resnet.random@plain@full.without"
NAMES = ["-".join([ROOT, *map(str, folds)]) for folds in HELD_OUT]


@pytest.fixture(scope="module")
def tuned(tiny, tuning_here, tmp_path_factory):
    """The tiny study with the networks of all ways: its material, and by name the network and the cases it saw."""
    folder = tmp_path_factory.mktemp("bases")
    workspace = replace(tiny.workspace, cache=folder / "cache")
    copied = shutil.copytree(tiny.study.folder, folder / "tiny", ignore=shutil.ignore_patterns("trials"))
    study = replace(tiny.study, folder=copied, workspace=workspace)
    prepared = read_prepared(study)
    (each,) = frozen_networks(study.config)
    step = TuningStep(each.id, SimpleNamespace(name="full", recipe=RECIPE))
    with tuning_here() as jobs:
        sets = tune_network(prepared, step, HELD_OUT, silent)
    embed_tuned(prepared, sets, silent)
    cases = prepared.manifest.images["case"]
    saw = {str(job.network): set(cases.iloc[job.pixels.rows]) for job in jobs}
    networks = {str(each.id): TunedFolder(each.backbone.folder) for each in sets}
    return SimpleNamespace(study=study, material=Material.read(study.material), saw=saw, networks=networks)


@pytest.fixture(scope="module")
def configs(tuned):
    """Every kind of chain of tuned networks that the search can choose, by way."""
    options = first_phase(tuned.study, tuned.material).options
    sets = (NetworkId("test_resnet.random", "plain", "full"),)
    options = replace(options, tuned=sets, ways=WAYS)
    chosen = {way: [] for way in WAYS}
    for way in WAYS:
        for fusion in (*options.tuned_fusions, *options.own_fusions):
            answers = {"tuning": str(sets[0]), "way": way, "tuned_fusion": fusion, "own_fusion": fusion}
            _, config = given({"keep_columns": True, **answers}, options)
            if config not in chosen[way]:
                chosen[way].append(config)
    assert all(config.way == way for way in WAYS for config in chosen[way])
    return chosen


def changed(material, change):
    """Return the material with other embeddings and heads, by name."""
    inputs = material.inputs
    both = {name: change(name, inputs.embeddings[name], inputs.heads[name]) for name in inputs.tuned_on}
    embeddings = {**inputs.embeddings, **{name: values for name, (values, _) in both.items()}}
    heads = {name: head for name, (_, head) in both.items()}
    return replace(material, inputs=replace(inputs, embeddings=embeddings, heads=heads))


# What each network saw.


def test_the_networks_of_a_fold_saw_neither_it_nor_what_the_chain_is_fitted_on(tuned, configs):
    folds = tuned.material.cases["fold"]
    groups = tuned.study.read_plan().table["group"]
    for way, fold in [(way, fold) for way in WAYS for fold in range(3)]:
        unseen = {fold, (fold + 1) % 3} if way == "rotation" else {fold}
        for name in configs[way][0].image_names(fold, 3):
            assert {folds[case] for case in tuned.saw[name]} == set(range(3)) - unseen
            held = folds.index[folds.isin(unseen)]
            assert not set(groups[held]) & set(groups[list(tuned.saw[name])])


def test_networks_without_two_folds_say_nothing_of_the_cases_that_they_saw(tuned):
    material, locked = tuned.material, Material.read(tuned.study.locked_material)
    for name, folds in zip(NAMES, HELD_OUT, strict=True):
        answered = np.isfinite(material.inputs.embeddings[name]).all(axis=1)
        if len(folds) == 2:
            assert set(material.cases.index[~answered]) == tuned.saw[name]
        else:
            assert answered.all()
        assert np.isfinite(locked.inputs.embeddings[name]).all()


def test_every_network_has_columns_of_its_own(tuned):
    held = tuned.material.folds == 0
    columns = [tuned.material.inputs.embeddings[name][held] for name in (NAMES[0], NAMES[3], NAMES[5])]
    for one, other in [(0, 1), (0, 2), (1, 2)]:
        assert np.abs(columns[one] - columns[other]).max() > 0.01


# What is written of it.


def test_provenance_is_what_was_done(tuned):
    facts = json.loads((tuned.study.material / "material.json").read_text())
    plan = tuned.study.read_plan()
    said = {name: entry["tuned_on"] for name, entry in facts["embeddings"].items()}
    assert {name for name, each in said.items() if each} == set(NAMES) == set(tuned.saw)
    folds = tuned.material.cases["fold"]
    for name, held_out in zip(NAMES, HELD_OUT, strict=True):
        assert said[name] == {"plan_digest": plan.digest, "held_out_folds": list(held_out)}
        assert tuned.material.inputs.tuned_on[name] == TunedOn(plan.digest, held_out)
        assert tuned.networks[name].tuned_on == TunedOn(plan.digest, held_out)
        assert {folds[case] for case in tuned.saw[name]} == set(range(3)) - set(held_out)


def lengthen(facts):
    facts["embeddings"][NAMES[0]]["tuned_on"]["held_out_folds"] = [0, 1, 2]


def of_another_plan(facts):
    facts["embeddings"][NAMES[0]]["tuned_on"]["plan_digest"] = "another"


def call_frozen(facts):
    facts["embeddings"][NAMES[0]]["tuned_on"] = None


def swap(facts):
    entries = facts["embeddings"]
    entries[NAMES[0]], entries[NAMES[1]] = entries[NAMES[1]], entries[NAMES[0]]


def names_alone(facts):
    facts["embeddings"] = list(facts["embeddings"])


@pytest.mark.parametrize("tamper", [lengthen, of_another_plan, call_frozen, swap, names_alone])
@pytest.mark.parametrize("part", ["material", "locked/material"])
def test_provenance_that_was_changed_is_refused(tuned, tmp_path, tamper, part):
    folder = shutil.copytree(tuned.study.folder / part, tmp_path / "material")
    assert Material.read(folder).digest
    path = folder / "material.json"
    facts = json.loads(path.read_text())
    tamper(facts)
    path.write_text(json.dumps(facts))
    with pytest.raises(IntegrityError, match=r"A file was changed|changed after it was written"):
        Material.read(folder)


# Bases are not mixed.


@pytest.mark.parametrize("way", ["within", "rotation", "own"])
def test_a_chain_depends_on_the_networks_of_its_own_fold_alone(tuned, configs, make_fitter, way):
    fitter = make_fitter(tuned.material)
    for config in configs[way]:
        names = config.image_names(2, 3)
        assert len(names) == len(config.backbones) == 1

        def spoil(name, values, head, keep=names):
            return (values, head) if name in keep else (np.full_like(values, np.nan), head)

        spoilt = make_fitter(changed(tuned.material, spoil)).fit(config, 2)[1]
        assert (spoilt == fitter.fit(config, 2)[1]).all()


def test_columns_that_several_networks_share_are_logits(tuned, configs, make_fitter):
    """Turned into a basis of its own, each network says the same through its head, and nothing else of it is used."""

    def turn(name, values, head):
        rng = np.random.default_rng([17, *name.encode()])
        basis = np.linalg.qr(rng.normal(size=(values.shape[1],) * 2))[0]
        weight = (head.weight.astype(np.float64) @ basis).astype(np.float32)
        return (values.astype(np.float64) @ basis).astype(np.float32), TunedHead(weight, head.bias)

    fitter, turned = make_fitter(tuned.material), make_fitter(changed(tuned.material, turn))
    for config in configs["logits"]:
        used = {name for fold in range(3) for name in config.image_names(fold, 3)}
        assert used == set(NAMES[:3])
        for fold in range(3):
            chain, held = fitter.fit(config, fold)
            assert chain.projection.n_columns == len(tuned.material.class_of)
            np.testing.assert_allclose(turned.fit(config, fold)[1], held, atol=1e-3)


def test_there_is_no_way_across_bases(tuned, configs, make_fitter):
    for way in ("across", "", "embeddings"):
        with pytest.raises(ConfigError, match="one of the ways within, rotation, logits, own"):
            replace(configs["within"][0], way=way)
    with pytest.raises(ConfigError, match="across"):
        tuned.study.config.with_settings({"way": ["across"]})
    # the network of one fold under the name of a frozen one is refused for every other fold
    frozen = NetworkId.parse(NAMES[0]).frozen
    disguised = replace(configs["within"][0], networks=(frozen,), way="")
    inputs = tuned.material.inputs
    renamed = {
        field: {**getattr(inputs, field), str(frozen): getattr(inputs, field)[NAMES[0]]}
        for field in ("embeddings", "tuned_on")
    }
    material = replace(tuned.material, inputs=replace(inputs, **renamed))
    assert disguised.image_names(1, 3) == (str(frozen),)
    for fold in (1, 2):
        with pytest.raises(LeakageError, match=f"fold {fold}: expected weights"):
            make_fitter(material).fit(disguised, fold)
