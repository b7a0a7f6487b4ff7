"""How far the classes lie apart at three layers, and their t-SNE maps: table 6 and figure 1 of Ahammed et al. 2025.

The paper gives no formula and does not say in which space its figures were taken; that they are alike for layers of
very different widths suggests the plane of its t-SNE maps (see `automl_skin.explain.clusters`). Both are shown: the
plane, and the layer itself. The paper looks at its training set, ours are cases that the network did not see.

The layers are what goes in, what the network makes of it, and what it answers. Fold networks have no column in common,
so each case is seen by the networks that held it out, and layers are looked at fold by fold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.errors import ConfigError
from automl_skin.evaluation.plots.style import MUTED, SMALL, colour, dress, legend_outside, new_figure, to_png
from automl_skin.explain.clusters import ClusterIndices, cluster_indices
from automl_skin.explain.maps import lay_out
from automl_skin.features.encoder import fit_encoder
from automl_skin.images.decode import decode
from automl_skin.images.folder import ImageFolder
from automl_skin.images.recipe import resize
from automl_skin.papers.analyses.models import Cells, name_models, save_picture, say_why_absent
from automl_skin.papers.context import ReproduceContext, Section
from automl_skin.papers.markdown import format_table
from automl_skin.search.trial import TrialRecord
from automl_skin.seeding import derive_seed, generator

INPUT, FEATURES, PREDICTION = "Input", "FE", "Pred"
LAYERS = (INPUT, FEATURES, PREDICTION)
"""As Ahammed et al. 2025 call them in table 6."""

SIDE = 32
"""Pixels of the photographs of the input layer, each way."""

_SMALLEST = 1e-12  # probability that log-odds are taken of

PLANE, SPACE = "t-SNE plane", "layer"
MIN_CASES = 8
TOO_FEW = f"No fold has {MIN_CASES} cases with photographs, two of every class: there is nothing to compare."
NOTE = (
    "Means over {n_folds} folds, each on at most {n_cases} cases that the networks did not see; the maps are of the "
    "first. Input: photographs of 32 by 32 pixels, with the encoded metadata where the model sees them; FE: embedding; "
    "Pred: out-of-fold log-odds. Higher is better for CH and Si, lower for DB."
)


@dataclass(frozen=True)
class _Layer:
    """One layer of a model, fold by fold, and its t-SNE maps."""

    spaces: list[FloatArray]
    planes: list[FloatArray]


def clusters(
    context: ReproduceContext,
    *,
    cells: Cells | None = None,
    cases: int = 400,
    published: Mapping[str, Mapping[str, Sequence[float]]] = {},
    title: str = "How far the classes lie apart",
    file: str = "clusters",
) -> Section:
    """Return the indices of every layer, as means over folds, and the maps of the first fold.

    Parameters
    ----------
    cells
        See `name_models`.
    cases : int
        At most so many of a fold: t-SNE takes seconds for 400.
    published : mapping of str to mapping of str to sequence of float
        By what a reader calls the model, and by layer, the paper's six figures.
    title, file : str
        Of the section, and name of the picture.
    """
    names = name_models(context, cells)
    known = {name: label for name, label in names.items() if name in context.finished}
    absent = [
        f"Not shown: {say_why_absent(context, *each)}." for each in names.items() if each[0] not in known
    ]
    folds = _draw_folds(context, cases)
    if not known or not folds:
        return Section(title, "\n\n".join([*absent, *([] if folds else [TOO_FEW])]))
    models = {label: _layers(context, name, folds) for name, label in known.items()}
    maps = {
        label: {name: each.planes[0] for name, each in layers.items()} for label, layers in models.items()
    }
    picture = save_picture(context, file, draw_maps(maps, context.labels[folds[0]], context.classes))
    note = NOTE.format(n_folds=len(folds), n_cases=max(map(len, folds)))
    table = _table(context, models, folds, published)
    return Section(title, "\n\n".join([table, note, *absent]), (picture,))


def _layers(context: ReproduceContext, cell: str, folds: Sequence[IntArray]) -> dict[str, _Layer]:
    seed = derive_seed(context.study.config.seed, "t-SNE")
    values = {name: [read_layer(context, cell, name, rows) for rows in folds] for name in LAYERS}
    return {
        name: _Layer(each, [lay_out(rows.astype(np.float32), seed) for rows in each])
        for name, each in values.items()
    }


def _table(
    context: ReproduceContext,
    models: Mapping[str, Mapping[str, _Layer]],
    folds: Sequence[IntArray],
    published: Mapping[str, Mapping[str, Sequence[float]]],
) -> str:
    """Return the table as Markdown; the paper's figures come after ours of their layer."""
    figures = [*(f"intra ({name})" for name in context.classes), "inter-class", "CH", "Si", "DB"]
    rows = []
    for label, layers in models.items():
        for name, each in layers.items():
            for space, spread in ((PLANE, each.planes), (SPACE, each.spaces)):
                found = [
                    cluster_indices(values, context.labels[fold])
                    for values, fold in zip(spread, folds, strict=True)
                ]
                means = np.mean([_figures(one) for one in found], axis=0)
                rows.append([label, name, space, *(f"{value:.4g}" for value in means)])
            paper = published.get(label, {}).get(name, ())
            if len(paper) == len(figures):
                rows.append([label, name, "paper", *(f"{value:g}" for value in paper)])
    return format_table(["model", "layer", "in", *figures], rows)


def _figures(one: ClusterIndices) -> list[float]:
    return [*one.intra.values(), one.inter, one.calinski_harabasz, one.silhouette, one.davies_bouldin]


def draw_maps(
    maps: Mapping[str, Mapping[str, FloatArray]], labels: IntArray, classes: Sequence[str]
) -> bytes:
    """Draw one row of maps per model, one column per layer, as PNG.

    Parameters
    ----------
    maps : mapping of str to mapping of str to ndarray of shape (n_cases, 2)
        By model and layer.
    labels : ndarray of shape (n_cases,)
    """
    figure = new_figure(2.6 * len(LAYERS), 2.6 * len(maps) + 0.4)
    panels = figure.subplots(len(maps), len(LAYERS), squeeze=False)
    for row, (model, layers) in zip(panels, maps.items(), strict=True):
        for axes, (name, points) in zip(row, layers.items(), strict=True):
            _draw(axes, points, labels, classes)
            dress(axes, f"{model}: {name}" if axes is row[0] else name)
            axes.set_xticks([])
            axes.set_yticks([])
    legend_outside(figure, columns=len(classes))
    return to_png(figure)


def _draw(axes: Axes, points: FloatArray, labels: IntArray, classes: Sequence[str]) -> None:
    order = generator(0, "drawing order").permutation(len(points))
    shades = np.array([colour(int(label)) for label in labels])
    across, up = points[order].T
    axes.scatter(across, up, s=7, c=shades[order], linewidths=0, alpha=0.75)
    for label, name in enumerate(classes):
        axes.scatter([], [], s=24, color=colour(label), label=name)
    corner: dict[str, Any] = {"transform": axes.transAxes, "ha": "right", "va": "top"}
    axes.text(1.0, -0.02, f"n = {len(points)}", fontsize=SMALL, color=MUTED, **corner)


def _draw_folds(context: ReproduceContext, limit: int) -> list[IntArray]:
    """Return up to that many cases with a photograph per fold, of the folds that have enough."""
    there = np.flatnonzero(context.material.inputs.has_image)
    chosen = []
    for fold in range(context.material.n_folds):
        rows = there[context.folds[there] == fold]
        drawn = generator(context.study.config.seed, "clusters", fold).permutation(rows)[:limit]
        counts = np.unique(context.labels[drawn], return_counts=True)[1]
        if len(drawn) >= MIN_CASES and len(counts) == len(context.classes) and counts.min() > 1:
            chosen.append(np.sort(drawn))
    return chosen


def read_layer(context: ReproduceContext, cell: str, name: str, rows: IntArray) -> FloatArray:
    """Return one layer of a cell for cases of one fold.

    Parameters
    ----------
    cell : str
        One that has figures.
    name : {"Input", "FE", "Pred"}
        Photographs of 32 by 32 pixels; embeddings of the network that held the fold out; out-of-fold log-odds of each
        class. Where the model sees metadata, the encoded metadata stand beside the first.
    rows : ndarray of shape (n_rows,)
        Positions of the cases, all of one fold.

    Returns
    -------
    ndarray of shape (n_rows, n_columns)
    """
    record = context.finished[cell].record
    if record is None or not record.plan.config.uses_image:
        raise ConfigError(f"cell {cell!r}: expected a model that sees the image, got one that does not")
    if name == INPUT:
        return _input(context, record, rows)
    if name == FEATURES:
        fold = int(context.folds[rows[0]])
        names = record.plan.config.image_names(fold, context.material.n_folds)
        block = context.material.inputs.only(names).take(rows).image_block(names)
        return block.astype(np.float64)
    probabilities = np.clip(context.probabilities(cell)[rows], _SMALLEST, 1.0 - _SMALLEST)
    odds: FloatArray = np.log(probabilities / (1.0 - probabilities))
    return odds


def _input(context: ReproduceContext, record: TrialRecord, rows: IntArray) -> FloatArray:
    cases = context.material.cases.index[rows]
    pixels = read_photographs(context, list(cases)).reshape(len(rows), -1) / 255.0
    if not sees_metadata(context, record):
        return pixels
    metadata = context.material.inputs.metadata
    if record.plan.config.fields:
        metadata = metadata[list(record.plan.config.fields)]
    training = metadata[context.folds != context.folds[rows[0]]]
    encoder = fit_encoder(context.study.config.encoder, training, context.material.kinds)
    return np.hstack([pixels, encoder.transform(metadata.iloc[rows]).astype(np.float64)])


def sees_metadata(context: ReproduceContext, record: TrialRecord) -> bool:
    """Return whether a cell's answer depends on metadata: in its chain, or in a network that was tuned with them."""
    config = record.plan.config
    names = config.image_names(0, context.material.n_folds)
    heads = [context.material.inputs.heads.get(name) for name in names]
    return config.uses_metadata or any(head is not None and head.n_metadata > 0 for head in heads)


def read_photographs(context: ReproduceContext, cases: Sequence[str]) -> FloatArray:
    """Return the first photograph of each case, shape (n_cases, SIDE, SIDE, 3)."""
    images = context.manifest.images.dropna(subset="path").drop_duplicates("case").set_index("case")
    folder = ImageFolder(context.manifest.images_root)
    paths = [str(path) for path in images["path"].reindex(pd.Index(cases))]
    shown = [decode(folder.read(path), name=path, minimum_side=SIDE) for path in paths]
    return np.stack([resize(each, SIDE, SIDE) for each in shown]).astype(np.float64)
