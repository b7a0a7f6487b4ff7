"""A figure of merit over the size of a network: points with 95 % intervals, one line a depth."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from scipy.stats import t

from automl_skin.evaluation.plots.style import (
    MARKERS,
    MUTED,
    colour,
    dress,
    grid,
    legend_outside,
    line_style,
    new_figure,
    to_png,
)

Sizes = Mapping[tuple[int, int], Sequence[float]]
"""Values by (layers, width); (0, 0) is the network without them."""


def size_grid_plot(panels: Mapping[str, Sizes]) -> bytes:
    """Draw one panel a figure of merit as PNG.

    Parameters
    ----------
    panels : mapping of str to mapping of (int, int) to sequence of float
        By the name of the figure its values, for every number of layers and width; points are means, whiskers 95 %
        confidence intervals of them (Student's t).
    """
    figure = new_figure(4.2 * len(panels), 3.8)
    for axes, (name, sizes) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
    ):
        _draw(axes, name, sizes)
    legend_outside(figure, columns=4 if len(panels) > 1 else 2)
    return to_png(figure)


def mean_and_half_width(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and half the width of its 95 % confidence interval, 0 for a single value.

    Examples
    --------
    >>> mean, half = mean_and_half_width([1.0, 2.0, 3.0])
    >>> round(mean, 3), round(half, 3)
    (2.0, 2.484)
    """
    found = np.asarray(values, np.float64)
    if len(found) < 2:
        return float(found.mean()), 0.0
    return float(found.mean()), float(t.ppf(0.975, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found)))


def _draw(axes: Axes, name: str, sizes: Sizes) -> None:
    dress(axes, "", "Units a layer", name)
    grid(axes)
    widths = sorted({width for layers, width in sizes if layers})
    for position, layers in enumerate(sorted({layers for layers, _ in sizes if layers})):
        known = [width for width in widths if (layers, width) in sizes]
        means, halves = zip(*(mean_and_half_width(sizes[layers, width]) for width in known), strict=True)
        axes.errorbar(
            np.array([widths.index(width) for width in known]) + 0.06 * position,
            means,
            yerr=halves,
            color=colour(position),
            linestyle=line_style(position),
            marker=MARKERS[position],
            markersize=5,
            elinewidth=0.9,
            capsize=2.5,
            label=f"{layers} layer{'s' if layers > 1 else ''}",
        )
    if (0, 0) in sizes:
        mean, half = mean_and_half_width(sizes[0, 0])
        axes.axhline(mean, color=MUTED, linestyle=":", linewidth=1.2, label="no embedding network")
        axes.axhspan(mean - half, mean + half, color=MUTED, alpha=0.12, linewidth=0)
    axes.set_xticks(range(len(widths)), labels=[str(width) for width in widths])
