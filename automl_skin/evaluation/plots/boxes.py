"""Box plots of one figure over folds, with every fold as a point and what a paper published beside them."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from automl_skin.evaluation.plots.style import (
    COLOURS,
    INK,
    dress,
    entitle,
    grid,
    legend_outside,
    new_figure,
    to_png,
)

_PAPER = COLOURS[1]
_LETTERS = 9  # of a name that fit under a box


def box_plot(
    values: Mapping[str, Sequence[float]],
    *,
    ylabel: str,
    published: Mapping[str, tuple[float, float]] | None = None,
    title: str = "",
) -> bytes:
    """Draw a box a model as PNG.

    Parameters
    ----------
    values : mapping of str to sequence of float
        By model its value on each fold.
    ylabel : str
        What the values are.
    published : mapping of str to (float, float), optional
        By model a paper's mean and standard deviation.
    title : str
    """
    figure = new_figure(max(1.6 + 0.85 * len(values), 3.6), 4.2)
    axes = figure.add_subplot()
    draw_boxes(axes, values, ylabel, published or {})
    entitle(axes, title)
    if set(values) & set(published or {}):
        legend_outside(figure)
    return to_png(figure)


def draw_boxes(
    axes: Axes,
    values: Mapping[str, Sequence[float]],
    ylabel: str,
    published: Mapping[str, tuple[float, float]],
) -> None:
    """Draw boxes into axes; see `box_plot`."""
    dress(axes, "", "", ylabel)
    grid(axes, "y")
    quiet = {"color": INK, "linewidth": 0.9}
    axes.boxplot(
        [list(each) for each in values.values()],
        widths=0.5,
        showfliers=False,
        patch_artist=True,
        boxprops={"facecolor": "#D6E6F2", "edgecolor": COLOURS[0], "linewidth": 0.9},
        medianprops={"color": COLOURS[0], "linewidth": 1.6},
        whiskerprops=quiet,
        capprops=quiet,
    )
    for place, each in enumerate(values.values(), start=1):
        spread = np.linspace(-0.12, 0.12, len(each)) if len(each) > 1 else np.zeros(len(each))
        axes.plot(place + spread, list(each), "o", color=COLOURS[0], markersize=3.2, alpha=0.85)
    _draw_published(axes, list(values), published)
    turned = max(map(len, values)) > _LETTERS
    axes.set_xticks(
        range(1, len(values) + 1),
        labels=list(values),
        rotation=30 if turned else 0,
        ha="right" if turned else "center",
    )
    axes.set_xlim(0.4, len(values) + 0.8)


def _draw_published(axes: Axes, names: list[str], published: Mapping[str, tuple[float, float]]) -> None:
    known = [(place, *published[name]) for place, name in enumerate(names, start=1) if name in published]
    if not known:
        return
    places, means, deviations = np.array(known).T
    axes.errorbar(
        places + 0.36,
        means,
        yerr=deviations,
        fmt="D",
        color=_PAPER,
        markerfacecolor="white",
        markersize=4.5,
        elinewidth=1.0,
        label="published, mean ± standard deviation",
    )
    axes.plot([], [], "o", color=COLOURS[0], markersize=3.2, label="ours, every fold")
