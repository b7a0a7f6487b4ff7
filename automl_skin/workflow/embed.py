"""Stage one of a study: every image becomes an embedding, by each backbone and recipe."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_skin.arrays import Float32Array
from automl_skin.chains.inputs import CaseInputs
from automl_skin.embeddings.cache import EmbeddingCache
from automl_skin.embeddings.extract import Extraction, StageOneOptions, extract
from automl_skin.errors import ConfigError
from automl_skin.features.lesion import pool_images, roles_of
from automl_skin.files import read_json, write_json
from automl_skin.search.material import Material
from automl_skin.stacking.stack import Stack
from automl_skin.workflow.networks import EmbeddingSet, embedding_sets
from automl_skin.workflow.precision import precision_of
from automl_skin.workflow.prepare import Prepared
from automl_skin.workflow.study import Study
from automl_skin.workflow.understand import Reporter


@dataclass(frozen=True)
class StageOne:
    """What stage one did: per embedding set the images computed now, and the seconds it took."""

    computed: int
    seconds: float
    failures: dict[str, str]


def needed_sets(study: Study, stack: Stack) -> list[EmbeddingSet]:
    """Return the embedding sets that the members of a stack use."""
    members = set(stack.members)
    configs = [record.plan.config for record in study.journal.read() if record.plan.number in members]
    used = {(backbone, config.recipe) for config in configs for backbone in config.backbones}
    return [each for each in embedding_sets(study.config) if (each.backbone.name, each.recipe_name) in used]


def embed(study: Study, prepared: Prepared, report: Reporter) -> StageOne:
    """Compute the embeddings that the cache does not have, and write the material of both parts."""
    images = prepared.manifest.images.merge(prepared.contents[["path", "content"]], on="path")
    sets = embedding_sets(study.config)
    extractions = [extract_set(study, each, prepared.manifest.images_root, images, report) for each in sets]
    failures = {path: why for extraction in extractions for path, why in extraction.failures.items()}
    whole = ~images["path"].isin(list(failures)).to_numpy()
    images = images[whole]
    pooled = {
        each.name: extraction.embeddings[whole] for each, extraction in zip(sets, extractions, strict=True)
    }
    sizes = {
        each.name: {
            "backbone": each.backbone.name,
            "recipe": each.recipe_name,
            "network": extraction.key.weights,
            "views": extraction.key.views,
            "precision": extraction.key.precision,
            "n_dimensions": extraction.embeddings.shape[1],
        }
        for each, extraction in zip(sets, extractions, strict=True)
    }
    _keep_stage_one(study, sizes)
    plan = prepared.plan
    roles = roles_of(prepared.manifest.images)
    for folder, cases in ((study.material, plan.development), (study.locked / "material", plan.locked)):
        material_of(prepared, cases, images, pooled, roles).write(folder)
    return StageOne(
        sum(extraction.computed for extraction in extractions),
        sum(extraction.seconds for extraction in extractions),
        failures,
    )


def _keep_stage_one(study: Study, sizes: dict[str, Any]) -> None:
    """Write down what the embeddings are; a study that has trials goes on with the same ones.

    Raises
    ------
    ConfigError
        If weights or precision are others than those of the trials that there are.
    """
    path = study.folder / "stage_one.json"
    before: Any = read_json(path) if path.is_file() else sizes
    differing = [name for name in sizes if before.get(name) != sizes[name]]
    if differing and study.journal.read():
        message = (
            f"the trials of {study.name} must all see the same embeddings, and those of {differing[0]} are now "
            f"{_told(sizes[differing[0]])}, where they were {_told(before.get(differing[0]))}: go on with the weights "
            "and on the --device that the study was begun with, or begin another study"
        )
        raise ConfigError(message)
    write_json(path, sizes)


def _told(size: Mapping[str, Any] | None) -> str:
    return f"of network {size['network'][:12]} in {size['precision']}" if size else "none"


def extract_set(
    study: Study, each: EmbeddingSet, images_root: Path, images: pd.DataFrame, report: Reporter
) -> Extraction:
    """Return the embeddings of one set for all images."""
    options = StageOneOptions(
        views=study.config.views,
        device=study.config.device,
        precision=precision_of(study),
        batch_size=study.config.batch_size or None,
        progress=report(f"Embedding by {each.backbone.name} ({each.recipe_name})"),
    )
    cache = EmbeddingCache(study.workspace.cache / "embeddings")
    return extract(each.backbone, each.recipe, images_root, images, cache, options=options)


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
    class_of = {level: int(target.labels(pd.Series([level]))[0]) for level in target.levels}
    inputs = CaseInputs(pooled, has_image, manifest.metadata.loc[cases])
    return Material(table, inputs, manifest.kinds, class_of, len(target.classes), plan.digest)
