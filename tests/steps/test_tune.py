from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.network import embed, load_network, weights_digest
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.embeddings import tuning
from automl_skin.embeddings.source import ImageSource
from automl_skin.embeddings.tuning import TuningFailure
from automl_skin.features.entering import entering_rows
from automl_skin.images.pixels import PixelCache
from automl_skin.search.tuning_steps import TuningStep
from automl_skin.settings import Workspace
from automl_skin.steps import tune
from automl_skin.steps.events import silent
from automl_skin.steps.networks import frozen_networks
from automl_skin.steps.prepare import read_prepared
from automl_skin.steps.tune import network_store, tune_network, with_pixels

RECIPE = TuningRecipe(epochs=1, inner_parts=4, augmentation="none")


@pytest.fixture
def study(tiny, tmp_path):
    """The study with a cache of its own."""
    return replace(tiny.study, workspace=Workspace(tiny.workspace.root, tmp_path / "cache"))


@pytest.fixture
def jobs(tuning_here):
    """What is given to be tuned."""
    with tuning_here() as given:
        yield given


def run(study, recipe=RECIPE, held_out=((1,),), name="full"):
    (each,) = frozen_networks(study.config)
    step = TuningStep(each.id, SimpleNamespace(name=name, recipe=recipe))
    return tune_network(read_prepared(study), step, held_out, silent)


def test_tuned_sets_know_what_they_are(study, jobs):
    held_out = [(1,), (2, 0)]
    sets = run(study, held_out=held_out)
    plan = study.read_plan()
    assert [each.name for each in sets] == [
        "test_resnet.random@plain@full.without-1",
        "test_resnet.random@plain@full.without-0-2",
    ]
    assert [each.tuned_on.held_out_folds for each in sets] == [(1,), (0, 2)]
    assert {each.tuned_on.plan_digest for each in sets} == {plan.digest}
    assert {each.head.n_classes for each in sets} == {len(read_prepared(study).manifest.target.levels)}
    weights = {weights_digest(load_network(each.backbone)) for each in sets}
    assert len(weights) == 2


def test_neither_locked_nor_held_out_pixels_tune(study, jobs):
    run(study, held_out=[(1,), (0, 2)])
    prepared, plan = read_prepared(study), study.read_plan()
    images = prepared.images
    for job, folds in zip(jobs, [(1,), (0, 2)], strict=True):
        cases = images["case"].iloc[job.pixels.rows]
        assert set(cases) == set(plan.training(folds))
        assert not set(cases) & set(plan.locked)
        groups = set(plan.table.loc[cases, "group"])
        assert not groups & set(plan.table.loc[plan.table["fold"].isin(folds), "group"])
        assert not groups & set(plan.table.loc[plan.locked, "group"])
        # the pixels are those of the images named
        unique = job.pixels.open()[:].reshape(len(cases), -1)
        assert len(np.unique(unique, axis=0)) == images["content"].iloc[job.pixels.rows].nunique()


def test_second_time_nothing_is_tuned(study, jobs, monkeypatch):
    first = run(study)
    monkeypatch.setattr(tuning, "tune", None)
    (again,) = run(study)
    assert again.backbone == first[0].backbone
    # another name for the same recipe, and its own colour said twice
    (renamed,) = run(study, replace(RECIPE, colour="none"), name="other")
    assert renamed.backbone == first[0].backbone
    assert renamed.id.tuning == "other"


def test_seeds_differ_by_held_out_folds_and_study(study, jobs):
    run(study, held_out=[(0,), (1,)])
    assert jobs[0].key.seed != jobs[1].key.seed
    assert jobs[0].key.network == jobs[1].key.network


def test_a_colour_constancy_of_the_tunings_own_wins(study, jobs):
    (each,) = frozen_networks(study.config)
    assert with_pixels(each, RECIPE) == each
    (grey,) = run(study, replace(RECIPE, colour="shades_of_grey"), name="robust")
    assert grey.id.recipe == "grey"
    assert grey.recipe.colour == "shades_of_grey"
    assert grey.name == "test_resnet.random@grey@robust.without-1"


def test_joint_tuning_sees_metadata(study, jobs):
    (joint,) = run(study, replace(RECIPE, mode="joint"))
    (job,) = jobs
    assert joint.head.n_metadata == job.metadata.shape[1] > 0
    assert len(job.metadata) == len(job.labels)
    assert job.key.metadata
    run(study)
    assert jobs[1].key.metadata == ""


def test_a_failure_is_handed_on(study, monkeypatch):
    def fail(jobs, *_):
        return [TuningFailure(job, "the loss diverged") for job in jobs]

    monkeypatch.setattr(tune, "tune_networks", fail)
    (failure,) = run(study)
    assert failure.reason == "the loss diverged"
    assert failure.job.network.held_out == (1,)


def test_devices_come_from_the_settings(study, monkeypatch):
    heard = []

    def listen(jobs, store, devices, *_):
        heard.append(tuple(devices))
        return []

    monkeypatch.setattr(tune, "tune_networks", listen)
    run(study, held_out=[])
    assert heard == [("cpu",)]
    assert network_store(study).folder == study.workspace.cache / "networks"


def test_a_size_of_the_tunings_own_wins(study):
    (each,) = frozen_networks(study.config)
    seen = with_pixels(each, replace(RECIPE, size="24x40")).recipe
    assert (seen.height, seen.width) == (24, 40)
    assert seen.colour == each.recipe.colour


def test_random_cuts_are_trained_on_and_the_centre_is_embedded(study, jobs):
    prepared = read_prepared(study)
    (tuned,) = run(study, replace(RECIPE, resize="40x48", size="32x40"), name="full")
    (job,) = jobs
    assert job.pixels.open().shape[1:] == (40, 48, 3)
    assert job.cut == (32, 40)
    assert (tuned.recipe.height, tuned.recipe.width, tuned.recipe.resize) == (32, 40, (40, 48))
    assert job.key.recipe == tuned.recipe.digest
    root, images = prepared.manifest.images_root, prepared.manifest.images["path"].head(3)
    contents = dict(zip(prepared.contents["path"], prepared.contents["content"], strict=True))
    named = {contents[path]: path for path in images}
    cache = PixelCache(study.workspace.cache / "pixels")
    found, decoded = (
        np.concatenate(
            [batch.pixels for batch in ImageSource(root, tuned.recipe, 2, 1, pixels=each).over(named)[1]]
        )
        for each in (cache, None)
    )
    assert cache.find(list(named), tuned.recipe.uncut) is not None
    np.testing.assert_array_equal(found, decoded)


def test_a_fit_of_the_tunings_own_wins(study):
    (each,) = frozen_networks(study.config)
    assert with_pixels(each, RECIPE).recipe == each.recipe
    seen = with_pixels(each, replace(RECIPE, fit="crop")).recipe
    assert seen == replace(each.recipe, fit="crop")


def test_metadata_that_enter_the_network_are_encoded_as_when_it_was_tuned(study, jobs):
    recipe = replace(RECIPE, mode="joint", fusion="cross_attention", fusion_settings={"width": 16})
    (tuned,) = run(study, recipe, name="joint")
    (job,) = jobs
    assert tuned.head.n_metadata == 0
    prepared = read_prepared(study)
    cases = prepared.manifest.images["case"].head(3)
    entering = entering_rows(tuned.backbone, prepared.manifest.metadata, cases)
    assert entering.shape == (3, job.metadata.shape[1])
    images = np.zeros((3, *job.pixels.open().shape[1:]), np.uint8)
    embedded = embed(
        load_network(tuned.backbone),
        images,
        mean=job.mean,
        std=job.std,
        device=torch.device("cpu"),
        precision="float32",
        metadata=entering,
    )
    assert embedded.shape == (3, tuned.head.n_dimensions)
    assert not np.allclose(embedded[0], embedded[1:])


def test_a_fusion_of_a_joint_tuning_is_in_its_key_and_its_head(study, jobs):
    recipe = replace(RECIPE, mode="joint")
    heads = [
        run(study, each, name="joint")[0].head
        for each in (recipe, replace(recipe, fusion="metanet"), replace(recipe, fusion="ha"))
    ]
    assert len({job.key.digest for job in jobs}) == 3
    assert [head.fusion and head.fusion.fusion.name for head in heads] == [None, "metanet", "ha"]
    assert len({head.n_metadata for head in heads}) == 1


def test_one_kind_of_photograph_needs_no_tower(study):
    images = read_prepared(study).manifest.images
    assert tune.towers_of(study.config, images) == ()
    pairs = images.assign(
        role=["close-up", "dermoscopic"] * (len(images) // 2) + ["close-up"] * (len(images) % 2)
    )
    assert tune.towers_of(study.config, pairs) == ("close-up", "dermoscopic")
    assert tune.towers_of(replace(study.config, towers="shared"), pairs) == ()


def test_a_network_without_a_place_for_the_fusion_fails_alone(study, jobs):
    recipe = replace(RECIPE, mode="joint", fusion="metaformer")
    (failure,) = run(study, recipe, name="joint")
    assert isinstance(failure, TuningFailure)
    assert "metaformer: expected stages of relative attention" in failure.reason


def test_a_network_of_one_size_is_built_for_that_of_the_tuning(study):
    (each,) = frozen_networks(study.config)
    of_one_size = replace(each, backbone=resolve_backbone("test_vit.random"))
    seen = with_pixels(of_one_size, replace(RECIPE, size="64x96"))
    assert (seen.recipe.height, seen.recipe.width) == (64, 96)
    assert (seen.backbone.height, seen.backbone.width) == (64, 96)
