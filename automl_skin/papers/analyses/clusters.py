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
from automl_skin.papers.analyses.layers import LAYERS, layer, with_photograph
from automl_skin.papers.analyses.models import check_options, labelled, reason_of, save_picture
from automl_skin.papers.context import ReproduceContext, Section
from automl_skin.seeding import derive_seed, generator

OPTIONS = ("cells", "cases", "published", "title", "file")
CASES = 400
"""Of a fold: t-SNE takes seconds for these."""

PLANE, SPACE = "t-SNE plane", "layer"
_FEWEST = 8
_TOO_FEW = f"No fold has {_FEWEST} cases with photographs, two of every class: there is nothing to compare."
_WORDS = (
    "Input: photographs of 32 by 32 pixels, with the encoded metadata where the model sees them; FE: embedding; Pred: "
    "out-of-fold log-odds. Higher is better of CH and Si, lower of DB."
)


@dataclass(frozen=True)
class _Layer:
    """One layer of a model, fold by fold, and its t-SNE maps."""

    values: list[FloatArray]
    planes: list[FloatArray]


def clusters(context: ReproduceContext, options: Mapping[str, Any]) -> Section:
    """Return the indices of every layer, as means over folds, and the maps of the first fold.

    Parameters
    ----------
    context : ReproduceContext
    options : mapping
        ``cells``: names, or what a reader calls them by name; ``cases``: at most so many of a fold (400);
        ``published``: by what a reader calls the model, and by layer, the paper's six figures; ``title``; ``file``:
        name of the picture.
    """
    check_options("clusters", options, OPTIONS)
    title = str(options.get("title", "How far the classes lie apart"))
    names = labelled(options.get("cells", tuple(context.finished)))
    known = {name: label for name, label in names.items() if name in context.finished}
    absent = [f"Not shown: {reason_of(context, *each)}." for each in names.items() if each[0] not in known]
    folds = _folds(context, int(options.get("cases", CASES)))
    if not known or not folds:
        return Section(title, "\n\n".join([*absent, *([] if folds else [_TOO_FEW])]))
    models = {label: _layers(context, name, folds) for name, label in known.items()}
    table = _table(context, models, folds, options.get("published", {}))
    maps = {
        label: {name: each.planes[0] for name, each in layers.items()} for label, layers in models.items()
    }
    picture = map_grid(maps, context.labels[folds[0]], context.classes)
    saved = save_picture(context, str(options.get("file", "clusters")), picture)
    note = (
        f"Means over {len(folds)} folds, each on at most {max(map(len, folds))} cases that the networks did not see; "
        f"the maps are of the first. {_WORDS}"
    )
    return Section(title, "\n\n".join(["\n".join(table), note, *absent]), (saved,))


def _layers(context: ReproduceContext, cell: str, folds: Sequence[IntArray]) -> dict[str, _Layer]:
    seed = derive_seed(context.study.config.seed, "t-SNE")
    values = {name: [layer(context, cell, name, rows) for rows in folds] for name in LAYERS}
    return {
        name: _Layer(each, [lay_out(rows.astype(np.float32), seed) for rows in each])
        for name, each in values.items()
    }


def _table(
    context: ReproduceContext,
    models: Mapping[str, Mapping[str, _Layer]],
    folds: Sequence[IntArray],
    published: Mapping[str, Any],
) -> list[str]:
    """Return the table as Markdown; the paper's figures come after ours of their layer."""
    intra = [f"intra ({name})" for name in context.classes]
    heads = ["model", "layer", "in", *intra, "inter-class", "CH", "Si", "DB"]
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for label, layers in models.items():
        for name, each in layers.items():
            for space, spread in ((PLANE, each.planes), (SPACE, each.values)):
                figures = [
                    cluster_indices(rows, context.labels[fold])
                    for rows, fold in zip(spread, folds, strict=True)
                ]
                lines.append(_row([label, name, space], figures))
            lines += _paper_row(published, label, name, len(intra))
    return lines


def map_grid(maps: Mapping[str, Mapping[str, FloatArray]], labels: IntArray, classes: Sequence[str]) -> bytes:
    """Draw one row of maps a model, one column a layer, as PNG.

    Parameters
    ----------
    maps : mapping of str to mapping of str to ndarray of shape (n_cases, 2)
        By model and layer.
    labels : ndarray of shape (n_cases,)
    classes : sequence of str
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
    axes.text(
        1.0,
        -0.02,
        f"n = {len(points)}",
        transform=axes.transAxes,
        ha="right",
        va="top",
        fontsize=SMALL,
        color=MUTED,
    )


def _folds(context: ReproduceContext, most: int) -> list[IntArray]:
    """Return the cases of each fold that has enough of them with a photograph, at most so many."""
    there = with_photograph(context)
    chosen = []
    for fold in range(context.material.n_folds):
        rows = there[context.folds[there] == fold]
        drawn = generator(context.study.config.seed, "clusters", fold).permutation(rows)[:most]
        counts = np.unique(context.labels[drawn], return_counts=True)[1]
        if len(drawn) >= _FEWEST and len(counts) == len(context.classes) and counts.min() > 1:
            chosen.append(np.sort(drawn))
    return chosen


def _row(heads: Sequence[str], figures: Sequence[ClusterIndices]) -> str:
    """Return a row of means over folds."""
    values = [[*one.intra.values(), one.inter, *_validity(one)] for one in figures]
    return f"| {' | '.join([*heads, *(f'{value:.4g}' for value in np.mean(values, axis=0))])} |"


def _validity(one: ClusterIndices) -> tuple[float, float, float]:
    return one.calinski_harabasz, one.silhouette, one.davies_bouldin


def _paper_row(published: Mapping[str, Any], label: str, name: str, n_classes: int) -> list[str]:
    figures = published.get(label, {}).get(name)
    if figures is None or len(figures) != n_classes + 4:
        return []
    return [f"| {label} | {name} | paper | {' | '.join(f'{figure:g}' for figure in figures)} |"]
