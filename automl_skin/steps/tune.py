"""Tuning in a study: from a frozen network to the same one tuned without some folds."""

from collections.abc import Sequence
from dataclasses import replace
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
from automl_skin.networks import NetworkId
from automl_skin.search.tuning_steps import TuningStep
from automl_skin.seeding import derive_seed
from automl_skin.steps.events import Listener, Said, start_progress
from automl_skin.steps.networks import RECIPE_NAMES, ResolvedNetwork, frozen_networks
from automl_skin.steps.prepare import Prepared
from automl_skin.steps.tuning_rows import tuning_metadata, tuning_rows
from automl_skin.study.config import StudyConfig
from automl_skin.study.precision import precision_of
from automl_skin.study.study import Study
from automl_skin.study.understood import target_of


def tune_network(
    prepared: Prepared,
    step: TuningStep,
    held_out: Sequence[tuple[int, ...]],
    tell: Listener,
) -> list[ResolvedNetwork | TuningFailure]:
    """Tune the networks of a step, those that there are not yet.

    Parameters
    ----------
    prepared : Prepared
        Without the labels of the locked cases, which tune nothing.
    held_out : sequence of tuple of int
        For every network, of every tower, the folds that it must not see.

    Returns
    -------
    list of ResolvedNetwork or TuningFailure
        In the order of `held_out`, one tower after the other where there are towers. A tuning with a size or colour
        constancy of its own gives networks of that recipe.

    Raises
    ------
    AutomlSkinError
        If weights cannot be loaded or the cache cannot be written; what is finished is kept.
    """
    study, recipe, name = prepared.study, step.tuning.recipe, step.tuning.name
    towers = towers_of(study.config, prepared.manifest.images)
    together = study.config.joins_towers
    (frozen,) = [each for each in frozen_networks(study.config) if each.id == step.network]
    seen = with_pixels(frozen, recipe)
    check_views(study.config.views, seen.recipe.height, seen.recipe.width)
    images, pixels = _open_pixels(prepared, seen, tell)
    networks = [
        replace(seen.id, tuning=name, held_out=folds, role=role)
        for role in (() if together else towers) or ("",)
        for folds in held_out
    ]
    outcomes = tune_networks(
        [
            _job(prepared, seen, network, recipe, images, pixels, towers if together else ())
            for network in networks
        ],
        network_store(study),
        study.config.devices or (str(resolve_device(study.config.device)),),
        start_progress(tell, f"Tuning {seen.name} ({name})"),
        lambda line: tell(Said(line)),
    )
    return [
        outcome if isinstance(outcome, TuningFailure) else _tuned(seen, network, role, outcome)
        for role in (towers if together else ("",))
        for network, outcome in zip(networks, outcomes, strict=True)
    ]


def towers_of(config: StudyConfig, images: pd.DataFrame) -> tuple[str, ...]:
    """Return the kinds of photograph that are tuned on by networks of their own; none where one is of all kinds."""
    roles = roles_of(images)
    return roles if config.has_towers and len(roles) > 1 else ()


def count_trainings(config: StudyConfig, images: pd.DataFrame) -> int:
    """Return the trainings among which the images are dealt where a network is tuned without a fold: one per tower."""
    return 1 if config.joins_towers else len(towers_of(config, images)) or 1


def tuning_budget(config: StudyConfig) -> float | None:
    """Return the seconds that tuning may take on this machine: 0 for none at all, None for as long as it takes."""
    on_gpu = bool(config.devices) or resolve_device(config.device).type != "cpu"
    return config.tuning_seconds(on_gpu=on_gpu)


def network_store(study: Study) -> NetworkStore:
    """Return where tuned networks are kept."""
    return NetworkStore(study.workspace.cache / "networks")


def with_pixels(network: ResolvedNetwork, tuning: TuningRecipe) -> ResolvedNetwork:
    """Return the network on the photographs that a tuning sees: its own size, colour constancy and cut win."""
    recipe = network.recipe
    colour = tuning.colour or recipe.colour
    size = tuning.input_size or (recipe.height, recipe.width)
    backbone = at_size(network.backbone, *size)
    fit, resize = tuning.fit or recipe.fit, tuning.resized_to or recipe.resize
    seen = replace(network.id, recipe=RECIPE_NAMES[colour])
    return ResolvedNetwork(seen, backbone, default_recipe(backbone, *size, colour, fit, resize))


def _open_pixels(prepared: Prepared, network: ResolvedNetwork, tell: Listener) -> tuple[pd.DataFrame, Pixels]:
    """Return the images with a column ``readable``, and their pixels, mapped.

    Where the recipe cuts out a centre, the pixels are those that it is cut out of.
    """
    cache = PixelCache(prepared.study.workspace.cache / "pixels")
    whole = network.recipe.uncut
    progress = start_progress(tell, f"Decoding for {whole.height} x {whole.width} ({network.id.recipe})")
    pixels, readable = cache.open(prepared.manifest.images_root, prepared.images, whole, progress)
    return prepared.images.assign(readable=readable), pixels


def _job(
    prepared: Prepared,
    frozen: ResolvedNetwork,
    network: NetworkId,
    tuning: TuningRecipe,
    images: pd.DataFrame,
    pixels: Pixels,
    towers: tuple[str, ...],
) -> TuningJob:
    """Return one training, of one network or of towers; all that decides its weights is in its key."""
    config, plan, recipe = prepared.study.config, prepared.plan, frozen.recipe
    held_out, role = network.held_out, network.role
    target = target_of(prepared.manifest)
    kinds = [role] if role else towers
    seed = derive_seed(config.seed, "tuning", frozen.name, *held_out, *kinds)
    rows = tuning_rows(
        images, prepared.manifest.cases, target, plan, held_out, tuning, config.seed, role, towers
    )
    metadata = None
    if tuning.mode == "joint":
        known = plan.training(held_out)
        metadata = tuning_metadata(
            rows, prepared.manifest.metadata, prepared.manifest.kinds, config.encoder, known, seed
        )
    key = TuningKey(
        network=_digest_of(frozen.backbone),
        recipe=recipe.digest,
        tuning=replace(tuning, colour="", size="", fit="", resize=""),
        tuned_on=TunedOn(plan.digest, held_out),
        labels=rows.digest,
        metadata=metadata.digest if metadata else "",
        precision=precision_of(prepared.study),
        seed=seed,
        threads=threads_for(len(plan.folds)),
        role=role,
        towers=towers,
    )
    return TuningJob(
        network=network,
        backbone=frozen.backbone,
        key=key,
        pixels=PixelRows.of(pixels, rows.positions),
        labels=rows.labels,
        inner=rows.inner,
        target_of=rows.target_of,
        mean=recipe.mean,
        std=recipe.std,
        metadata=metadata.rows if metadata else None,
        absent=metadata.absent if metadata else None,
        encoder=metadata.encoder if metadata else None,
        cut=(recipe.height, recipe.width) if recipe.resize else None,
        present=rows.present,
    )


def _tuned(frozen: ResolvedNetwork, network: NetworkId, role: str, folder: TunedFolder) -> ResolvedNetwork:
    """Return a tuned network; `role` says which of the towers that were tuned together."""
    if role:
        network, folder = network.without(network.held_out, role), folder.of_role(role)
    return ResolvedNetwork(network, folder.backbone, frozen.recipe, folder.tuned_on, folder.head)


@lru_cache(maxsize=32)
def _digest_of(backbone: Backbone) -> str:
    return network_digest(backbone, load_network(backbone))
