"""Reliability: the share of positive cases among those with one probability."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.evaluation.plots.style import (
    COLOURS,
    INK,
    MARKERS,
    MUTED,
    colour,
    dress,
    entitle,
    grid,
    legend,
    new_figure,
    to_png,
    unit_square,
)
from automl_skin.metrics.calibration import Reliability, reliability
from automl_skin.metrics.calibration_error import expected_calibration_error

N_BINS = 10
_Z95 = 1.959963984540054


def calibration_plot(
    labels: IntArray, models: Mapping[str, FloatArray], *, title: str = "Calibration"
) -> bytes:
    """Draw the reliability of one or several models, and below it how many cases stand behind, as PNG.

    Two classes: the positive probability; several: the probability of the chosen class against being right.
    Each point is a tenth of the cases, with Wilson's 95 % interval.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    models : mapping of str to array of shape (n_cases, n_classes)
        By name; the histogram is the first one's.
    """
    figure = new_figure(4.6, 5.8)
    top, bottom = figure.subplots(2, 1, height_ratios=[4, 1], sharex=True)
    draw_reliability(top, labels, models)
    entitle(top, title)
    top.set_xlabel("")
    _draw_counts(bottom, next(iter(models.values())))
    return to_png(figure)


def draw_reliability(axes: Axes, labels: IntArray, models: Mapping[str, FloatArray]) -> None:
    """Draw the reliability of models into axes."""
    binary = next(iter(models.values())).shape[1] == 2  # one positive class
    x, y = (
        ("Predicted probability", "Observed share") if binary else ("Confidence", "Share of right decisions")
    )
    dress(axes, "Calibration", x, y)
    unit_square(axes)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=":")
    for position, (name, probabilities) in enumerate(models.items()):
        error = expected_calibration_error(labels, probabilities)
        found = reliability(labels, probabilities, N_BINS)
        below, above = _wilson(found)
        axes.errorbar(
            found.predicted,
            found.observed,
            yerr=[below, above],
            color=colour(position),
            marker=MARKERS[position % len(MARKERS)],
            markersize=5 if position == 0 else 4,
            linewidth=1.6 if position == 0 else 1.1,
            elinewidth=0.9,
            label=f"{name}  {error:.3f}",
        )
    legend(axes, "upper left", "Expected calibration error")


def _wilson(found: Reliability) -> tuple[FloatArray, FloatArray]:
    """Return how far Wilson's interval reaches below and above the observed shares."""
    n, share, z = found.counts, found.observed, _Z95
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return np.maximum(share - centre + half, 0), np.maximum(centre + half - share, 0)


def _draw_counts(axes: Axes, probabilities: FloatArray) -> None:
    binary = probabilities.shape[1] == 2  # one positive class
    dress(axes, "", "Predicted probability" if binary else "Confidence", "Cases")
    claimed = probabilities[:, 1] if binary else probabilities.max(axis=1)
    axes.hist(claimed, bins=np.linspace(0, 1, 41).tolist(), color=COLOURS[0], alpha=0.75)
    axes.set_yscale("log")
    axes.set_xlim(-0.01, 1.01)
    axes.yaxis.label.set_color(INK)
    grid(axes, "y")
