"""Stage one of a study: every image becomes an embedding, by each backbone and recipe, and by tuned networks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from automl_skin.arrays import BoolArray, Float32Array
from automl_skin.chains.inputs import CaseInputs
from automl_skin.data.plan import FoldPlan
from automl_skin.embeddings.cache import EmbeddingCache
from automl_skin.embeddings.extract import Extraction, StageOneOptions, extract
from automl_skin.errors import IntegrityError
from automl_skin.features.entering import entering_rows
from automl_skin.features.lesion import kinds_of, pool_images, roles_of
from automl_skin.images.pixels import PixelCache
from automl_skin.networks import NetworkId
from automl_skin.search.material import Material, role_columns
from automl_skin.stacking.fitted import needed_chains
from automl_skin.stacking.stack import Stack
from automl_skin.steps.embedded import applied_names, embedded_by, find_networks, keep_embedded
from automl_skin.steps.events import Listener, start_progress
from automl_skin.steps.networks import ResolvedNetwork, frozen_networks
from automl_skin.steps.prepare import Prepared
from automl_skin.study.precision import precision_of
from automl_skin.study.study import Study


@dataclass(frozen=True)
class StageOne:
    """What stage one did: the images computed now by all networks, and the seconds it took."""

    computed: int
    seconds: float
    failures: dict[str, str]


def find_needed(study: Study, stack: Stack) -> list[ResolvedNetwork]:
    """Return the networks that the chains of a stack are applied to, and no others.

    Raises
    ------
    ConfigError
        If a tuned network is no longer in the cache.
    """
    configs = {record.plan.number: record.plan.config for record in study.journal.read()}
    n_folds = len(study.read_plan().folds)
    names = {
        name
        for trial, fold in needed_chains(stack)
        for name in applied_names(configs[trial], [fold], n_folds)
    }
    return find_networks(study, sorted(names))


def embed(
    study: Study, prepared: Prepared, tell: Listener, networks: Sequence[ResolvedNetwork] | None = None
) -> StageOne:
    """Compute the embeddings that the cache does not have, and write the material of both parts.

    Embeddings of tuned networks that the material has already stay in it.

    Parameters
    ----------
    study : Study
    prepared : Prepared
    tell : Listener
    networks : sequence of ResolvedNetwork, optional
        Those of the study's settings by default; none where no chain is going to see an image.
    """
    images = prepared.images
    networks = frozen_networks(study.config) if networks is None else networks
    extractions = [
        extract_network(study, each, prepared.manifest.images_root, images, tell) for each in networks
    ]
    failures = {path: why for extraction in extractions for path, why in extraction.failures.items()}
    whole = ~images["path"].isin(list(failures)).to_numpy()
    images = images[whole]
    both = list(zip(networks, extractions, strict=True))
    pooled = {each.name: extraction.embeddings[whole] for each, extraction in both}
    keep_embedded(study, {each.name: embedded_by(each, extraction) for each, extraction in both})
    plan = prepared.plan
    roles = roles_of(prepared.manifest.images)
    for folder, cases in ((study.material, plan.development), (study.locked / "material", plan.locked)):
        fresh = material_of(prepared, cases, images, pooled, roles)
        _with_tuned_of(folder, fresh).write(folder)
    return _done(extractions)


def embed_tuned(
    study: Study, prepared: Prepared, networks: Sequence[ResolvedNetwork], tell: Listener
) -> StageOne:
    """Compute the embeddings of tuned networks, and add them to the material of both parts.

    A network that held out several folds is applied to the cases of these and to the locked ones: nothing else may
    use it, and the rows of other cases are NaN.

    Raises
    ------
    IntegrityError
        If a case whose image was readable before has none now.
    """
    images, roles = prepared.images, roles_of(prepared.manifest.images)
    extractions: list[Extraction] = []
    grown = [Material.read(folder) for folder in (study.material, study.locked / "material")]
    for each in networks:
        wanted = applied_cases(each.id, prepared.plan)
        some = images[images["case"].isin(wanted) & shown_to(each, images)]
        entering = entering_rows(each.backbone, prepared.manifest.metadata, some["case"])
        extraction = extract_network(study, each, prepared.manifest.images_root, some, tell, entering)
        whole = ~some["path"].isin(list(extraction.failures)).to_numpy()
        extractions.append(extraction)
        grown = [
            material.adding(
                _inputs_of(material, each, some[whole], extraction.embeddings[whole], wanted, roles)
            )
            for material in grown
        ]
    keep_embedded(
        study, {each.name: embedded_by(each, done) for each, done in zip(networks, extractions, strict=True)}
    )
    for material, folder in zip(grown, (study.material, study.locked / "material"), strict=True):
        material.write(folder)
    return _done(extractions)


def _inputs_of(
    material: Material,
    each: ResolvedNetwork,
    images: pd.DataFrame,
    embeddings: Float32Array,
    wanted: "pd.Index[str]",
    roles: tuple[str, ...],
) -> CaseInputs:
    """Return the embeddings of the cases of a material by one tuned network."""
    cases = material.cases.index
    applied = cases.isin(wanted)
    without = applied & _has_image(material, each.id.role) & ~cases.isin(images["case"])
    if without.any():
        message = (
            f"every case that had an image must have it when a tuned network is applied, and {int(without.sum())} "
            f"have none (first: {cases[without][0]}): put the files back and run the search again"
        )
        raise IntegrityError(message)
    values = pool_images(embeddings, images, cases, (each.id.role,) if each.id.role else roles)
    values[~applied] = np.nan
    assert each.tuned_on is not None
    assert each.head is not None
    return replace(
        material.inputs,
        embeddings={each.name: values},
        heads={each.name: each.head},
        tuned_on={each.name: each.tuned_on},
    )


def applied_cases(network: NetworkId, plan: FoldPlan) -> "pd.Index[str]":
    """Return the cases that a network is applied to: all, or those of the folds that it held out together."""
    table = plan.table
    if len(network.held_out) < 2:
        return table.index
    return table.index[table["fold"].isin(network.held_out)].union(plan.locked)


def shown_to(each: ResolvedNetwork, images: pd.DataFrame) -> "pd.Series[bool]":
    """Return which images a network is for: all, or those of a tower's kind."""
    return images["role"].eq(each.id.role) if each.id.role else pd.Series(data=True, index=images.index)


def _has_image(material: Material, role: str) -> BoolArray:
    """Return whether each case has a readable image, of a tower's kind where a role is given."""
    inputs = material.inputs
    if not role or inputs.has_role is None:
        return inputs.has_image
    return np.asarray(inputs.has_role[:, inputs.roles.index(role)])


def _with_tuned_of(folder: Path, fresh: Material) -> Material:
    """Return fresh material with the tuned embeddings of what lies in a folder, if that is of the same cases."""
    if not (folder / "material.json").is_file():
        return fresh
    try:
        before = Material.read(folder)
    except IntegrityError:
        return fresh  # damaged: tuned embeddings are added again from the cache
    if before.base_digest != fresh.base_digest:
        return fresh
    return fresh.adding(before.inputs.only(list(before.inputs.tuned_on)))


def _done(extractions: Sequence[Extraction]) -> StageOne:
    return StageOne(
        sum(extraction.computed for extraction in extractions),
        sum(extraction.seconds for extraction in extractions),
        {path: why for extraction in extractions for path, why in extraction.failures.items()},
    )


def extract_network(
    study: Study,
    each: ResolvedNetwork,
    images_root: Path,
    images: pd.DataFrame,
    tell: Listener,
    metadata: Float32Array | None = None,
) -> Extraction:
    """Return the embeddings by one network of all images; `metadata` as `entering_rows` returns them."""
    options = StageOneOptions(
        views=study.config.views,
        device=study.config.device,
        precision=precision_of(study),
        batch_size=study.config.batch_size or None,
        progress=start_progress(tell, f"Embedding by {each.id.description}"),
        tuned_on=each.tuned_on,
        pixels=PixelCache(study.workspace.cache / "pixels"),
    )
    cache = EmbeddingCache(study.workspace.cache / "embeddings")
    return extract(each.backbone, each.recipe, images_root, images, cache, options=options, metadata=metadata)


def material_of(
    prepared: Prepared,
    cases: "pd.Index[str]",
    images: pd.DataFrame,
    embeddings: dict[str, Float32Array],
    roles: tuple[str, ...],
) -> Material:
    """Return the material of some cases; labels are those that `prepared` has."""
    manifest, plan = prepared.manifest, prepared.plan
    target = manifest.target
    assert target is not None
    facts = manifest.cases.loc[cases]
    table = pd.DataFrame(
        {
            "fold": plan.table.loc[cases, "fold"].astype("int64"),
            "group": plan.table.loc[cases, "group"].astype("str"),
            "lesion": facts["lesion"].astype("str").fillna(pd.Series(cases, index=cases)),
        },
        index=cases,
    )
    if (facts["label"] >= 0).all() and len(facts):
        table["target"] = facts["label"].astype("int64")
        table["diagnosis"] = facts["diagnosis"].astype("str")
    pooled = {name: pool_images(values, images, cases, roles) for name, values in embeddings.items()}
    has_image = np.isin(np.asarray(cases), images["case"].to_numpy())
    table["has_image"] = has_image
    roles, has_role = kinds_of(images, cases, roles)
    if has_role is not None:
        table[role_columns(roles)] = has_role
    class_of = {level: int(target.labels(pd.Series([level]))[0]) for level in target.levels}
    inputs = CaseInputs(pooled, has_image, manifest.metadata.loc[cases], roles=roles, has_role=has_role)
    return Material(table, inputs, manifest.kinds, class_of, len(target.classes), plan.digest)
