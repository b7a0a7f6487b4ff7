"""How the probabilities of each class are distributed."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.evaluation.plots.style import (
    INK,
    SMALL,
    colour,
    dress,
    entitle,
    grid,
    legend,
    new_figure,
    to_png,
)

_BINS = np.linspace(0, 1, 41)


def scores_plot(
    labels: IntArray,
    probabilities: FloatArray,
    classes: Sequence[str],
    *,
    threshold: float | None = None,
    title: str = "Probabilities by class",
) -> bytes:
    """Draw the distribution of the probabilities by true class as PNG.

    Two classes: the positive probability, both classes in one panel. Several: the probability of the true class, a
    row each.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    probabilities : array of shape (n_cases, n_classes)
    classes : sequence of str
    threshold : float, optional
        Of a binary target; drawn as a line.
    """
    if len(classes) == 2:  # binary
        figure = new_figure(5.6, 3.4)
        axes = figure.add_subplot()
        _draw_two(axes, labels, probabilities[:, 1], classes, threshold)
        entitle(axes, title)
        return to_png(figure)
    figure = new_figure(5.6, 0.9 + 0.62 * len(classes))
    rows = figure.subplots(len(classes), 1, sharex=True)
    for label, axes in enumerate(rows):
        _draw_row(axes, probabilities[labels == label, label], classes[label], label)
    entitle(rows[0], title)
    rows[-1].set_xlabel("Probability of the true class")
    return to_png(figure)


def _draw_two(
    axes: Axes, labels: IntArray, scores: FloatArray, classes: Sequence[str], threshold: float | None
) -> None:
    dress(axes, "", f"Probability of {classes[1]}", "Share of the class")
    for label, name in enumerate(classes):
        values = scores[labels == label]
        weights = np.full(len(values), 1 / max(len(values), 1))
        text = f"{name}  ({len(values)})"
        shade = colour(label)
        axes.hist(values, bins=_BINS.tolist(), weights=weights, color=shade, alpha=0.35, label=text)
        axes.hist(values, bins=_BINS.tolist(), weights=weights, color=shade, histtype="step", linewidth=1.4)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlim(-0.005, 1.005)
    grid(axes, "y")
    legend(axes, "upper right")
    if threshold is not None:
        _draw_threshold(axes, threshold)


def _draw_threshold(axes: Axes, threshold: float) -> None:
    axes.axvline(threshold, color=INK, linewidth=1.1, linestyle="--")
    on_the_left = threshold > 0.5  # the middle of the axis
    axes.annotate(
        f"threshold {threshold:.3f}",
        (threshold, 0.6),
        xycoords=axes.get_xaxis_transform(),
        xytext=(-4 if on_the_left else 4, 0),
        textcoords="offset points",
        ha="right" if on_the_left else "left",
        fontsize=SMALL,
        color=INK,
    )


def _draw_row(axes: Axes, values: FloatArray, name: str, position: int) -> None:
    dress(axes)
    weights = np.full(len(values), 1 / max(len(values), 1))
    axes.hist(values, bins=_BINS.tolist(), weights=weights, color=colour(position), alpha=0.75)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlim(-0.005, 1.005)
    axes.set_ylabel(f"{name}\n({len(values)})", rotation=0, ha="right", va="center", fontsize=SMALL)
    if len(values):
        axes.axvline(float(np.median(values)), color=INK, linewidth=1.1)
