"""Confusion matrices of several models side by side, normalised by the true class as in papers."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from automl_skin.arrays import FloatArray
from automl_skin.evaluation.plots.fold_curves import Parts
from automl_skin.evaluation.plots.style import INK, SMALL, dress, new_figure, to_png
from automl_skin.metrics.thresholds import confusion

_MOST_A_ROW = 3
_DARK = 0.55  # share above which the text on a cell is white
_LETTERS = 34  # that fit side by side under a matrix


def mean_confusion(parts: Parts) -> tuple[FloatArray, FloatArray]:
    """Return the mean over folds of the shares of each true class, and of the counts, (n_classes, n_classes) each.

    Decisions are for the most probable class, as for Top-1 accuracy.
    """
    counts = np.array(
        [confusion(labels, values.argmax(axis=1), values.shape[1]) for labels, values in parts], np.float64
    )
    shares = counts / np.maximum(counts.sum(axis=2, keepdims=True), 1)
    return shares.mean(axis=0), counts.mean(axis=0)


def confusions_plot(models: Mapping[str, Parts], classes: Sequence[str], *, pooled: bool = False) -> bytes:
    """Draw the confusion matrix of every model as PNG.

    Parameters
    ----------
    models : mapping of str to sequence of (labels, probabilities)
        By name the cases of each fold.
    classes : sequence of str
    pooled : bool
        Whether folds hold different cases, whose counts are added; else counts are those of the mean model.
    """
    columns = min(len(models), _MOST_A_ROW)
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
    shares, counts = mean_confusion(parts)
    if pooled:
        counts = counts * len(parts)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    for (row, column), share in np.ndenumerate(shares):
        axes.text(
            column,
            row,
            f"{share:.2f}\n({counts[row, column]:.0f})",
            ha="center",
            va="center",
            fontsize=SMALL - (1.0 if len(classes) <= 4 else 2.2),
            color="white" if share > _DARK else INK,
        )
    turned = max(map(len, classes)) * len(classes) > _LETTERS
    axes.set_xticks(
        range(len(classes)),
        labels=list(classes),
        rotation=35 if turned else 0,
        ha="right" if turned else "center",
    )
    axes.set_yticks(range(len(classes)), labels=list(classes))
    axes.tick_params(length=0, labelsize=SMALL)
    for spine in axes.spines.values():
        spine.set_visible(False)
