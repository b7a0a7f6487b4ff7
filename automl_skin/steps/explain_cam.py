"""What models look at in photographs: the figure of cases beside each other, and the HeatMap index."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.chains.config import FUSIONS, IMAGE, METADATA
from automl_skin.errors import ConfigError
from automl_skin.explain.chain_score import has_gradient
from automl_skin.explain.heat_index import MIN_CASES, IndexTest, compare_indices, heat_index
from automl_skin.explain.plots.heat_grid import HeatCase, HeatOfModel, heat_grid
from automl_skin.explain.plots.index_plot import index_plot
from automl_skin.explain.shown import find_mask, read_mask, shown
from automl_skin.files import write_bytes, write_json, write_text
from automl_skin.images.recipe import Recipe
from automl_skin.records import to_plain
from automl_skin.search.material import Material
from automl_skin.search.trial import TrialRecord
from automl_skin.seeding import generator
from automl_skin.steps.embedded import metadata_enter
from automl_skin.steps.events import Listener, start_progress
from automl_skin.steps.explain_heat import (
    DecodedCases,
    ExplainedModel,
    Heats,
    heats_of,
    read_photographs,
)
from automl_skin.steps.explain_options import LABEL, PREDICTED, HeatOptions
from automl_skin.steps.stack import finished
from automl_skin.study.study import Study
from automl_skin.study.understood import read_understood, target_of

SIDE = 400
"""Pixels of the longer side of a printed photograph."""


@dataclass(frozen=True)
class _Seen:
    """A model's heat with the class that it is of and the index, per case."""

    heats: Heats
    classes: IntArray
    index: FloatArray
    masks: Sequence[BoolArray | None]

    @property
    def areas(self) -> FloatArray:
        """The lesion's share of each picture, NaN without a mask."""
        return np.array([np.nan if mask is None else mask.mean() for mask in self.masks])


def default_models(study: Study, records: Sequence[TrialRecord]) -> list[ExplainedModel]:
    """Return the best trial whose image can be explained without metadata, and the best with them, where there are.

    Raises
    ------
    ConfigError
        If no finished trial has an image and a head with gradients.
    """
    material = Material.read(study.material)
    with_gradient = [
        record
        for record in finished(records)
        if has_gradient(record.plan.config) and not any(each.is_given for each in record.plan.config.networks)
    ]
    found: dict[str, TrialRecord] = {}
    for record in with_gradient:
        inputs = FUSIONS[record.plan.config.fusion].branches[0]
        sees_metadata = METADATA in inputs or _is_joint(study, record, material)
        if sees_metadata or len(FUSIONS[record.plan.config.fusion].branches) == 1:
            found.setdefault("image + metadata" if sees_metadata else IMAGE, record)
    if not found:
        message = (
            f"{study.name}: expected a finished trial with an image and a linear or neural head, got none"
        )
        raise ConfigError(f"{message}; give the search the family logistic")
    names = [name for name in (IMAGE, "image + metadata") if name in found]
    return [ExplainedModel(name, study, found[name]) for name in names]


def _is_joint(study: Study, record: TrialRecord, material: Material) -> bool:
    """Return whether the networks of a trial see metadata, by their own heads or before these."""
    config = record.plan.config
    names = config.image_names(0, material.n_folds)
    heads = [material.inputs.heads[name] for name in names] if config.uses_logits else []
    return any(head.n_metadata for head in heads) or metadata_enter(study, names)


def explain_photographs(
    models: Sequence[ExplainedModel], options: HeatOptions, folder: Path, tell: Listener
) -> list[str]:
    """Write the figure of the models' heat, its table, and with masks the index; return what is to be said.

    Parameters
    ----------
    models : sequence of ExplainedModel
        One or two, maybe of different studies on the same cases.
    folder : Path
        Where the files are written.
    tell : Listener
        Makes progress callables.
    """
    study = models[0].study
    cases, n_shown = _draw_cases(models, options)
    photographs = read_photographs(study, cases, models[0].record.plan.config.roles)
    seen = [_see(model, photographs, options, tell) for model in models]
    table = _table(models, photographs, seen)
    write_text(folder / "heat.csv", table.to_csv(index=False))
    columns = [_column(at, photographs, seen, table) for at in range(min(n_shown, len(photographs.cases)))]
    write_bytes(folder / "heat.png", heat_grid(columns, [model.name for model in models]))
    return _compare(models, seen, folder) if options.masks else []


def _draw_cases(models: Sequence[ExplainedModel], options: HeatOptions) -> tuple[list[str], int]:
    """Return the cases that are looked at, those of the figure first, and how many these are."""
    study = models[0].study
    material = Material.read(study.material)
    possible = material.cases.index[material.inputs.has_image]
    for model in models[1:]:
        possible = possible.intersection(Material.read(model.study.material).cases.index, sort=False)
    unknown = [case for case in options.cases if case not in possible]
    if unknown:
        message = f"--cases: expected development cases of {study.name} with an image, got {unknown[0]!r}"
        raise ConfigError(f"{message}; name others")
    order = possible[generator(study.config.seed, "explain", "cases").permutation(len(possible))]
    if options.masks is not None:
        order = _with_masks(study, order, Path(options.masks))
    shown_first = list(options.cases) or _dealt(material, order, options.n_shown)
    measured = order[: options.n_index] if options.masks else order[:0]
    return list(dict.fromkeys([*shown_first, *measured])), len(shown_first)


def _with_masks(study: Study, cases: "pd.Index[str]", masks: Path) -> "pd.Index[str]":
    images = read_understood(study).images.dropna(subset="path")
    masked = {
        str(case) for case, path in zip(images["case"], images["path"], strict=True) if find_mask(masks, path)
    }
    if not masked:
        message = f"--masks {masks}: expected masks named like the photographs, such as NAME_segmentation.png"
        raise ConfigError(f"{message}, got none for this study; give another folder")
    return cases[cases.isin(list(masked))]


def _dealt(material: Material, order: "pd.Index[str]", count: int) -> list[str]:
    """Return cases in a given order, as many of each class; classes follow one another."""
    target = material.cases.loc[order, "target"]
    each = max(1, count // target.nunique())
    return [str(case) for _, rows in target.groupby(target) for case in rows.index[:each]]


def _see(model: ExplainedModel, photographs: DecodedCases, options: HeatOptions, tell: Listener) -> _Seen:
    material = Material.read(model.study.material)
    positions = material.cases.index.get_indexer(pd.Index(photographs.cases))
    classes = _explained_classes(model, material, positions, options.of_class)
    progress = start_progress(tell, f"Heat of {model.name}")
    heats = heats_of(model, photographs, classes, method=options.method, progress=progress)
    folder = None if options.masks is None else Path(options.masks)
    masks = [_mask_of(folder, path, heats.recipe) for path in photographs.paths]
    index = np.array(
        [
            np.nan if mask is None else heat_index(heat[None], mask[None])[0]
            for heat, mask in zip(heats.heat, masks, strict=True)
        ]
    )
    return _Seen(heats, classes, index, masks)


def _mask_of(folder: Path | None, path: str, recipe: Recipe) -> BoolArray | None:
    name = find_mask(folder, path) if folder else None
    return read_mask(folder, name, recipe) if folder and name else None


def _explained_classes(
    model: ExplainedModel, material: Material, positions: IntArray, of_class: str
) -> IntArray:
    if of_class == PREDICTED:
        predictions = model.study.journal.predictions(model.record.plan.number).calibrated
        return np.asarray(predictions[positions].argmax(axis=1), dtype=np.int64)
    if of_class == LABEL:
        return material.labels[positions]
    classes = target_of(read_understood(model.study)).classes
    if of_class not in classes:
        message = f"expected {PREDICTED}, {LABEL} or one of {', '.join(classes)} as the class to explain"
        raise ConfigError(f"{message}, got {of_class!r}")
    return np.full(len(positions), classes.index(of_class))


def _table(
    models: Sequence[ExplainedModel], photographs: DecodedCases, seen: Sequence[_Seen]
) -> pd.DataFrame:
    """Return one row per case and model."""
    study = models[0].study
    classes = np.array(target_of(read_understood(study)).classes, dtype=object)
    labels = Material.read(study.material).cases["target"].reindex(list(photographs.cases)).to_numpy()
    parts = [
        pd.DataFrame(
            {
                "case": photographs.cases,
                "label": classes[labels],
                "model": model.name,
                "trial": f"{model.study.name} {model.record.plan.title}",
                "explained": classes[each.classes],
                "probability": each.heats.probabilities.round(6),
                "index": each.index.round(6),
                "lesion_area": each.areas.round(6),
            }
        )
        for model, each in zip(models, seen, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def _column(at: int, photographs: DecodedCases, seen: Sequence[_Seen], table: pd.DataFrame) -> HeatCase:
    case = photographs.cases[at]
    rows = table[table["case"] == case]
    models = []
    for each, (_, row) in zip(seen, rows.iterrows(), strict=True):
        index = f", index {row['index']:.2f}" if np.isfinite(row["index"]) else ""
        probability = f" {row['probability']:.2f}" if np.isfinite(row["probability"]) else ""
        models.append(HeatOfModel(each.heats.heat[at], f"{row['explained']}{probability}{index}"))
    photograph = shown(seen[0].heats.recipe, photographs.pixels[at], SIDE)
    return HeatCase(case, str(rows["label"].iloc[0]), photograph, tuple(models), seen[0].masks[at])


def _compare(models: Sequence[ExplainedModel], seen: Sequence[_Seen], folder: Path) -> list[str]:
    """Write the index of every model and the test between two, and return both in words."""
    areas, names = seen[0].areas, [model.name for model in models]
    lines = [f"HeatMap index of heat that is even: {np.nanmean(areas):.3f} (the lesion's area)"]
    for name, each in zip(names, seen, strict=True):
        known = np.isfinite(each.index)
        lines.append(f"HeatMap index of {name}: {each.index[known].mean():.3f} in {known.sum()} cases")
    test = _test(seen)
    if test is not None:
        lines.append(f"{names[1]} less {names[0]}: {test.in_words()}")
    indices = {name: each.index for name, each in zip(names, seen, strict=True)}
    if all(np.isfinite(index).sum() >= MIN_CASES for index in indices.values()):
        write_bytes(folder / "heat_index.png", index_plot(indices, areas[np.isfinite(areas)], test))
    facts: dict[str, Any] = {
        "models": names,
        "even": float(np.nanmean(areas)),
        "test": to_plain(test) if test else None,
    }
    write_json(folder / "heat_index.json", facts)
    return lines


def _test(seen: Sequence[_Seen]) -> IndexTest | None:
    """Return the test between two models, where there are two with enough cases."""
    if len(seen) < 2:
        return None
    first, second = seen[0].index, seen[1].index
    some = np.isfinite(seen[0].areas)
    if (np.isfinite(first) & np.isfinite(second)).sum() < MIN_CASES:
        return None
    return compare_indices(first[some], second[some])
