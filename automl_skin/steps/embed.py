"""Stage one of a study: every image becomes an embedding, by each backbone and recipe, and by tuned networks."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from automl_skin.arrays import BoolArray, Float32Array
from automl_skin.chains.inputs import CaseInputs
from automl_skin.errors import IntegrityError
from automl_skin.features.lesion import kinds_of, roles_of
from automl_skin.search.material import MATERIAL, Material, role_columns
from automl_skin.stacking.fitted import needed_chains
from automl_skin.stacking.stack import Stack
from automl_skin.steps.embedded import applied_names, embedded_by, find_networks, given_by, keep_embedded
from automl_skin.steps.embedder import Embedded, Embedder, StageOne
from automl_skin.steps.events import Listener
from automl_skin.steps.networks import Network, ResolvedNetwork, frozen_networks
from automl_skin.steps.prepare import Prepared
from automl_skin.study.study import Study
from automl_skin.study.understood import target_of


def find_needed(study: Study, stack: Stack) -> list[Network]:
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


def embed(prepared: Prepared, tell: Listener, networks: Sequence[ResolvedNetwork] | None = None) -> StageOne:
    """Compute the embeddings that the cache does not have, and write the material of both parts.

    Embeddings of tuned networks that the material has already stay in it.

    Parameters
    ----------
    networks : sequence of ResolvedNetwork, optional
        Those of the study's settings by default, and the vectors that it is given; none where no chain will see an
        image.
    """
    study = prepared.study
    computed = frozen_networks(study.config) if networks is None else networks
    embedder = Embedder(prepared, tell)
    done = {each.name: embedder.embed(each) for each in computed}
    embedded = {each.name: embedded_by(each, done[each.name].extraction) for each in computed}
    for name, path in study.config.given if networks is None else ():
        vectors, network = embedder.embed_given(name, path)
        done[network.name], embedded[network.name] = vectors, given_by(network)
    failures = list(embedder.done.failures)
    images = prepared.images[~prepared.images["path"].isin(failures)]
    if not done and not prepared.manifest.has_photographs:
        images = images.iloc[:0]  # of metadata alone: no case has an image
    keep_embedded(study, embedded)
    plan = prepared.plan
    for folder, cases in ((study.material, plan.development), (study.locked_material, plan.locked)):
        pooled = {name: each.pool(cases, failures) for name, each in done.items()}
        _with_tuned_of(folder, material_of(prepared, cases, images, pooled)).write(folder)
    return embedder.done


def embed_tuned(prepared: Prepared, networks: Sequence[ResolvedNetwork], tell: Listener) -> StageOne:
    """Compute the embeddings of tuned networks, and add them to the material of both parts.

    The rows of cases that a network is not applied to are NaN.

    Raises
    ------
    IntegrityError
        If a case whose image was readable earlier has none now.
    """
    study, embedder = prepared.study, Embedder(prepared, tell)
    folders = (study.material, study.locked_material)
    grown = [Material.read(folder) for folder in folders]
    embedded = {}
    for each in networks:
        done = embedder.embed(each)
        embedded[each.name] = embedded_by(each, done.extraction)
        wanted = embedder.applied_cases(each)
        grown = [material.adding(_inputs_of(material, each, done, wanted)) for material in grown]
    keep_embedded(study, embedded)
    for material, folder in zip(grown, folders, strict=True):
        material.write(folder)
    return embedder.done


def _inputs_of(
    material: Material, each: ResolvedNetwork, done: Embedded, wanted: "pd.Index[str]"
) -> CaseInputs:
    """Return the embeddings of the cases of a material by one tuned network."""
    cases = material.cases.index
    applied = cases.isin(wanted)
    without = applied & _has_image(material, each.id.role) & ~cases.isin(done.images["case"][done.readable()])
    if without.any():
        message = (
            f"expected the images that every case had before, but {int(without.sum())} cases have none now "
            f"(first: {cases[without][0]}); put the files back and run the search again"
        )
        raise IntegrityError(message)
    values = done.pool(cases)
    values[~applied] = np.nan
    assert each.tuned_on is not None
    assert each.head is not None
    return replace(
        material.inputs,
        embeddings={each.name: values},
        heads={each.name: each.head},
        tuned_on={each.name: each.tuned_on},
    )


def _has_image(material: Material, role: str) -> BoolArray:
    """Return whether each case has a readable image, of a tower's kind where a role is given."""
    inputs = material.inputs
    if not role or inputs.has_role is None:
        return inputs.has_image
    return np.asarray(inputs.has_role[:, inputs.roles.index(role)])


def _with_tuned_of(folder: Path, fresh: Material) -> Material:
    """Return fresh material with the tuned embeddings of what lies in a folder, if that is of the same cases."""
    if not (folder / MATERIAL).is_file():
        return fresh
    try:
        before = Material.read(folder)
    except IntegrityError:
        return fresh  # damaged: tuned embeddings are added again from the cache
    if before.base_digest != fresh.base_digest:
        return fresh
    return fresh.adding(before.inputs.only(list(before.inputs.tuned_on)))


def material_of(
    prepared: Prepared, cases: "pd.Index[str]", images: pd.DataFrame, pooled: dict[str, Float32Array]
) -> Material:
    """Return the material of some cases with their labels, as far as `prepared` has them."""
    manifest, plan = prepared.manifest, prepared.plan
    target = target_of(manifest)
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
    has_image = np.isin(np.asarray(cases), images["case"].to_numpy())
    table["has_image"] = has_image
    roles, has_role = kinds_of(images, cases, roles_of(manifest.images) if len(images) else ())
    if has_role is not None:
        table[role_columns(roles)] = has_role
    class_of = {level: int(target.labels(pd.Series([level]))[0]) for level in target.levels}
    inputs = CaseInputs(pooled, has_image, manifest.metadata.loc[cases], roles=roles, has_role=has_role)
    return Material(table, inputs, manifest.kinds, class_of, len(target.classes), plan.digest)
