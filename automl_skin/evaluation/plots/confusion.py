"""The confusion matrix, of two or of many classes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from automl_skin.arrays import IntArray
from automl_skin.evaluation.plots.style import INK, SMALL, dress
from automl_skin.metrics.thresholds import confusion

_DARK = 0.55  # share above which the text on a cell is white
_LETTERS = 42  # that fit side by side under the matrix
_CROWDED = 5  # classes above which a cell shows its share on a second line in smaller letters


def draw_confusion(axes: Axes, labels: IntArray, decisions: IntArray, classes: Sequence[str]) -> None:
    """Draw the confusion matrix into axes."""
    dress(axes, "Confusion", "Decision", "True class")
    counts = confusion(labels, decisions, len(classes))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    for (row, column), share in np.ndenumerate(shares):
        axes.text(
            column,
            row,
            f"{counts[row, column]}\n{share:.0%}",
            ha="center",
            va="center",
            fontsize=SMALL if len(classes) <= _CROWDED else SMALL - 1.5,
            color="white" if share > _DARK else INK,
        )
    turned = 0 if max(map(len, classes)) * len(classes) <= _LETTERS else 35
    positions = range(len(classes))
    axes.set_xticks(positions, labels=list(classes), rotation=turned, ha="right" if turned else "center")
    axes.set_yticks(positions, labels=list(classes))
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
