"""Confusion matrices of several models side by side, normalised by the true class as in papers."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from automl_skin.arrays import FloatArray
from automl_skin.evaluation.plots.overview import draw_shares
from automl_skin.evaluation.plots.style import SMALL, dress, new_figure, to_png
from automl_skin.metrics import thresholds
from automl_skin.papers.analyses.models import Cells, Parts, choose_models, save_picture
from automl_skin.papers.context import ReproduceContext, Section

MAX_PER_ROW = 3
_LETTERS = 34  # that fit side by side under a matrix


def confusion(
    context: ReproduceContext,
    *,
    cells: Cells | None = None,
    locked: bool = False,
    note: str = "",
    title: str = "Confusion matrices",
    file: str = "confusion",
) -> Section:
    """Draw confusion matrices; decisions are for the most probable class.

    Parameters
    ----------
    cells, locked
        See `choose_models`.
    note : str
        What the paper's matrices showed.
    title, file : str
        Of the section, and name of the picture.
    """
    chosen = choose_models(context, cells, locked=locked)
    text = "\n\n".join(filter(None, [note, chosen.note]))
    if not chosen.parts:
        return Section(title, text)
    counted = (
        "in brackets the mean number of cases over the chains"
        if chosen.locked
        else "in brackets the number of cases of all folds"
    )
    picture = draw_confusions(chosen.parts, context.classes, pooled=not chosen.locked)
    text = f"{text}\n\nShares of the true class, {counted}."
    return Section(title, text, (save_picture(context, file, picture),))


def average_confusion(parts: Parts) -> tuple[FloatArray, FloatArray]:
    """Return the mean over folds of the shares of each true class, and of the counts, (n_classes, n_classes) each.

    Decisions are for the most probable class, as for Top-1 accuracy.
    """
    matrices = [
        thresholds.confusion(labels, values.argmax(axis=1), values.shape[1]) for labels, values in parts
    ]
    counts = np.array(matrices, np.float64)
    shares = counts / np.maximum(counts.sum(axis=2, keepdims=True), 1)
    return shares.mean(axis=0), counts.mean(axis=0)


def draw_confusions(models: Mapping[str, Parts], classes: Sequence[str], *, pooled: bool = False) -> bytes:
    """Draw the confusion matrix of every model as PNG.

    Parameters
    ----------
    pooled : bool
        Whether folds hold different cases, whose counts are added; else counts are those of the mean model.
    """
    columns = min(len(models), MAX_PER_ROW)
    rows = -(-len(models) // columns)
    side = 2.5 + 0.38 * max(len(classes) - 2, 0)
    figure = new_figure(side * columns + 0.6, (side + 0.25) * rows)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, parts) in zip(grid, models.items(), strict=False):
        _draw(axes, name, parts, classes, pooled=pooled)
    for axes in grid[len(models) :]:
        axes.set_visible(False)
    return to_png(figure)


def _draw(axes: Axes, name: str, parts: Parts, classes: Sequence[str], *, pooled: bool) -> None:
    dress(axes, name, "Decision", "True class")
    shares, counts = average_confusion(parts)
    if pooled:
        counts = counts * len(parts)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    texts = [
        [f"{share:.2f}\n({count:.0f})" for share, count in zip(*row, strict=True)]
        for row in zip(shares, counts, strict=True)
    ]
    size = SMALL - (1.0 if len(classes) <= 4 else 2.2)
    draw_shares(axes, shares, texts, classes, size=size, letters=_LETTERS)
    axes.tick_params(labelsize=SMALL)
