"""Tuning in a study: from an embedding set to the same set by networks tuned without some folds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import pandas as pd

from automl_skin.arrays import Pixels
from automl_skin.backbones.catalogue import Backbone, at_size
from automl_skin.backbones.device import resolve_device
from automl_skin.backbones.network import load_network, network_digest
from automl_skin.backbones.recipe import default_recipe
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.backbones.views import check_views
from automl_skin.embeddings.key import TunedOn
from automl_skin.embeddings.networks import NetworkStore
from automl_skin.embeddings.pixel_rows import PixelRows
from automl_skin.embeddings.tuned_folder import TunedFolder
from automl_skin.embeddings.tuning import TuningFailure, TuningJob, threads_for, tune_networks
from automl_skin.embeddings.tuning_key import TuningKey
from automl_skin.features.lesion import roles_of
from automl_skin.images.pixels import PixelCache
from automl_skin.seeding import derive_seed
from automl_skin.steps.events import Listener, Said, start_progress
from automl_skin.steps.networks import RECIPE_NAMES, EmbeddingSet
from automl_skin.steps.prepare import Prepared
from automl_skin.steps.tuning_rows import tuning_metadata, tuning_rows
from automl_skin.study.config import StudyConfig
from automl_skin.study.precision import precision_of
from automl_skin.study.study import Study


@dataclass(frozen=True, eq=False)
class Source:
    """What all trainings of one embedding set share.

    Parameters
    ----------
    each : EmbeddingSet
        The frozen set that they begin as.
    name : str
        Of the tuning.
    recipe : TuningRecipe
    images : DataFrame of n_images rows
        Columns ``case``, ``role``, ``content`` and ``readable``.
    pixels : ndarray of shape (n_images, height, width, 3)
        Mapped; where the recipe cuts out a centre, of what it is cut out of.
    """

    each: EmbeddingSet
    name: str
    recipe: TuningRecipe
    images: pd.DataFrame
    pixels: Pixels


def tune_set(
    study: Study,
    prepared: Prepared,
    each: EmbeddingSet,
    name: str,
    recipe: TuningRecipe,
    held_out: Sequence[tuple[int, ...]],
    tell: Listener,
) -> list[EmbeddingSet | TuningFailure]:
    """Tune the networks of one embedding set, those that there are not yet.

    Parameters
    ----------
    study : Study
    prepared : Prepared
        Without the labels of the locked cases, which tune nothing.
    each : EmbeddingSet
        Frozen.
    name : str
        What the tuning is called.
    recipe : TuningRecipe
    held_out : sequence of tuple of int
        For every network, of every tower, the folds that it must not see.
    tell : Listener

    Returns
    -------
    list of EmbeddingSet or TuningFailure
        In the order of `held_out`, one tower after the other where there are towers. A tuning with a size or colour
        constancy of its own gives sets of that recipe.

    Raises
    ------
    AutomlSkinError
        If weights cannot be loaded or the cache cannot be written; what is finished is kept.
    """
    seen = with_pixels(each, recipe)
    check_views(study.config.views, seen.recipe.height, seen.recipe.width)
    source = _open_source(study, prepared, seen, name, recipe, tell)
    jobs = [
        _job(study, prepared, source, tuple(sorted(folds)), role)
        for role in towers_of(study.config, prepared.manifest.images) or ("",)
        for folds in held_out
    ]
    outcomes = tune_networks(
        jobs,
        network_store(study),
        study.config.devices or (str(resolve_device(study.config.device)),),
        start_progress(tell, f"Tuning {source.each.name} ({name})"),
        lambda line: tell(Said(line)),
    )
    return [
        outcome if isinstance(outcome, TuningFailure) else _tuned(source, outcome) for outcome in outcomes
    ]


def towers_of(config: StudyConfig, images: pd.DataFrame) -> tuple[str, ...]:
    """Return the kinds of photograph that are tuned on by networks of their own; none where one is of all kinds."""
    roles = roles_of(images)
    return roles if config.towers == "own" and len(roles) > 1 else ()


def network_store(study: Study) -> NetworkStore:
    """Return where tuned networks are kept."""
    return NetworkStore(study.workspace.cache / "networks")


def with_pixels(each: EmbeddingSet, recipe: TuningRecipe) -> EmbeddingSet:
    """Return the set whose photographs a tuning sees: its own size, colour constancy and cut win over the set's."""
    colour = recipe.colour or each.recipe.colour
    size = recipe.input_size or (each.recipe.height, each.recipe.width)
    resize = recipe.resized_to or each.recipe.resize
    backbone = at_size(each.backbone, *size)
    pixels = default_recipe(backbone, *size, colour, recipe.fit or each.recipe.fit, resize)
    return replace(each, backbone=backbone, recipe=pixels, recipe_name=RECIPE_NAMES[colour])


def _open_source(
    study: Study, prepared: Prepared, each: EmbeddingSet, name: str, recipe: TuningRecipe, tell: Listener
) -> Source:
    images = prepared.manifest.images.merge(prepared.contents[["path", "content"]], on="path")
    cache = PixelCache(study.workspace.cache / "pixels")
    whole = each.recipe.uncut
    progress = start_progress(tell, f"Decoding for {whole.height} x {whole.width} ({each.recipe_name})")
    pixels, readable = cache.open(prepared.manifest.images_root, images, whole, progress)
    return Source(each, name, recipe, images.assign(readable=readable), pixels)


def _job(study: Study, prepared: Prepared, source: Source, held_out: tuple[int, ...], role: str) -> TuningJob:
    """Return one training; all that decides its weights is in its key."""
    config, plan, each = study.config, prepared.plan, source.each
    target = prepared.manifest.target
    assert target is not None
    seed = derive_seed(config.seed, "tuning", each.name, *held_out, *([role] if role else []))
    rows = tuning_rows(
        source.images, prepared.manifest.cases, target, plan, held_out, source.recipe, config.seed, role
    )
    metadata = None
    if source.recipe.mode == "joint":
        known = plan.training(held_out)
        metadata = tuning_metadata(
            rows, prepared.manifest.metadata, prepared.manifest.kinds, config.encoder, known, seed
        )
    key = TuningKey(
        network=_digest_of(each.backbone),
        recipe=each.recipe.digest,
        tuning=replace(source.recipe, colour="", size="", fit="", resize=""),
        tuned_on=TunedOn(plan.digest, held_out),
        labels=rows.digest,
        metadata=metadata.digest if metadata else "",
        precision=precision_of(study),
        seed=seed,
        threads=threads_for(len(plan.folds)),
        role=role,
    )
    return TuningJob(
        name=replace(each, tuning=source.name, held_out=held_out, role=role).name,
        backbone=each.backbone,
        key=key,
        pixels=PixelRows.of(source.pixels, rows.positions),
        labels=rows.labels,
        inner=rows.inner,
        target_of=rows.target_of,
        mean=each.recipe.mean,
        std=each.recipe.std,
        metadata=metadata.rows if metadata else None,
        absent=metadata.absent if metadata else None,
        encoder=metadata.encoder if metadata else None,
        cut=(each.recipe.height, each.recipe.width) if each.recipe.resize else None,
    )


def _tuned(source: Source, folder: TunedFolder) -> EmbeddingSet:
    tuned_on = folder.tuned_on
    return replace(
        source.each,
        backbone=folder.backbone,
        tuning=source.name,
        held_out=tuned_on.held_out_folds,
        tuned_on=tuned_on,
        head=folder.head,
        role=folder.role,
    )


@lru_cache(maxsize=32)
def _digest_of(backbone: Backbone) -> str:
    return network_digest(backbone, load_network(backbone))
