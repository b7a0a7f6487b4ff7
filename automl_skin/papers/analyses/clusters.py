"""How far the classes lie apart at three layers, and their t-SNE maps: table 6 and figure 1 of Ahammed et al. 2025.

The paper gives no formula and does not say in which space its figures were taken; that they are alike for layers of
very different widths suggests the plane of its t-SNE maps (see `automl_skin.explain.clusters`). Both are shown: the
plane, and the layer itself. The paper looks at its training set, ours are cases that the network did not see.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.evaluation.plots.style import MUTED, SMALL, colour, dress, legend_outside, new_figure, to_png
from automl_skin.explain.clusters import ClusterIndices, cluster_indices
from automl_skin.explain.maps import lay_out
from automl_skin.papers.analyses.layers import LAYERS, read_layer
from automl_skin.papers.analyses.models import Cells, name_models, save_picture, say_why_absent
from automl_skin.papers.context import ReproduceContext, Section
from automl_skin.papers.markdown import format_table
from automl_skin.seeding import derive_seed, generator

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

    values: list[FloatArray]
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
            for space, spread in ((PLANE, each.planes), (SPACE, each.values)):
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
    """Return the cases of each fold that has enough of them with a photograph, at most so many."""
    there = np.flatnonzero(context.material.inputs.has_image)
    chosen = []
    for fold in range(context.material.n_folds):
        rows = there[context.folds[there] == fold]
        drawn = generator(context.study.config.seed, "clusters", fold).permutation(rows)[:limit]
        counts = np.unique(context.labels[drawn], return_counts=True)[1]
        if len(drawn) >= MIN_CASES and len(counts) == len(context.classes) and counts.min() > 1:
            chosen.append(np.sort(drawn))
    return chosen
