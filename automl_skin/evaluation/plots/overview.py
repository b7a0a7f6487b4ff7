"""Four panels that say what one trial is worth, for the list of runs; the confusion matrix is drawn here."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.evaluation.plots.calibration import draw_reliability
from automl_skin.evaluation.plots.curves import draw_precision_recall, draw_roc
from automl_skin.evaluation.plots.style import INK, SMALL, dress, new_figure, to_png
from automl_skin.metrics.ranking import class_priors, decide
from automl_skin.metrics.thresholds import confusion

_DPI = 100  # drawn once per trial: speed before sharpness
_DARK = 0.55  # share above which the text on a cell is white
_LETTERS = 42  # that fit side by side under the matrix
_CROWDED = 5  # classes above which a cell shows its share on a second line in smaller letters


def trial_overview(
    labels: IntArray, probabilities: FloatArray, classes: Sequence[str], *, name: str = "out of fold"
) -> bytes:
    """Draw ROC, precision-recall, calibration and confusion of one model as one PNG.

    The decisions are those of balanced accuracy: the class with the largest ratio of probability to its share.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    probabilities : array of shape (n_cases, n_classes)
    name : str
        What the probabilities are, for the legends.
    """
    figure = new_figure(8.8, 8.4)
    (roc, precision), (calibration, matrix) = figure.subplots(2, 2)
    models = {name: probabilities}
    draw_roc(roc, labels, models, classes=classes)
    draw_precision_recall(precision, labels, models, classes=classes)
    draw_reliability(calibration, labels, models)
    decisions = decide(probabilities, class_priors(labels, len(classes)))
    draw_confusion(matrix, labels, decisions, classes)
    return to_png(figure, _DPI)


def draw_confusion(axes: Axes, labels: IntArray, decisions: IntArray, classes: Sequence[str]) -> None:
    """Draw the confusion matrix into axes."""
    dress(axes, "Confusion", "Decision", "True class")
    counts = confusion(labels, decisions, len(classes))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    texts = [
        [f"{count}\n{share:.0%}" for count, share in zip(*row, strict=True)]
        for row in zip(counts, shares, strict=True)
    ]
    size = SMALL if len(classes) <= _CROWDED else SMALL - 1.5
    draw_shares(axes, shares, texts, classes, size=size, letters=_LETTERS)


def draw_shares(
    axes: Axes,
    shares: FloatArray,
    texts: Sequence[Sequence[str]],
    classes: Sequence[str],
    *,
    size: float,
    letters: int,
) -> None:
    """Draw a matrix of shares into axes, with a text in every cell.

    Parameters
    ----------
    axes : Axes
    shares : ndarray of shape (n_classes, n_classes)
    texts : sequence of sequence of str
        One per cell.
    classes : sequence of str
    size : float
        Of the texts' font.
    letters : int
        That fit side by side under the matrix; more than these are turned.
    """
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    for (row, column), share in np.ndenumerate(shares):
        shade = "white" if share > _DARK else INK
        axes.text(column, row, texts[row][column], ha="center", va="center", fontsize=size, color=shade)
    turned = 0 if max(map(len, classes)) * len(classes) <= letters else 35
    positions = range(len(classes))
    axes.set_xticks(positions, labels=list(classes), rotation=turned, ha="right" if turned else "center")
    axes.set_yticks(positions, labels=list(classes))
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
