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
from automl_skin.metrics.catalogue import metric_by_name
from automl_skin.papers.analyses.models import (
    Cells,
    against_the_rest,
    choose_models,
    find_columns,
    save_picture,
)
from automl_skin.papers.context import ReproduceContext, Section

_PAPER = COLOURS[1]
_LETTERS = 9  # of a name that fit under a box


def box_plot(
    context: ReproduceContext,
    *,
    cells: Cells | None = None,
    locked: bool = False,
    metric: str = "average_precision",
    label: str = "",
    positive: Sequence[str] = (),
    published: Mapping[str, Sequence[float]] = {},
    title: str = "Over the folds",
    file: str = "boxes",
) -> Section:
    """Draw a box per cell.

    Parameters
    ----------
    cells, locked
        See `choose_models`.
    metric : str
        Name in `METRICS`.
    label : str
        What the axis calls it.
    positive : sequence of str
        See `roc`.
    published : mapping of str to (float, float)
        By what a reader calls the model the paper's mean and standard deviation.
    title, file : str
        Of the section, and name of the picture.
    """
    figure_of = metric_by_name(metric)
    chosen = choose_models(context, cells, locked=locked)
    if not chosen.parts:
        return Section(title, chosen.note)
    columns = find_columns(context, positive)
    values = {
        name: [figure_of.function(*against_the_rest(part, columns)) for part in parts]
        for name, parts in chosen.parts.items()
    }
    picture = draw_boxes(values, label or metric.replace("_", " "), published, title)
    return Section(title, chosen.note, (save_picture(context, file, picture),))


def draw_boxes(
    values: Mapping[str, Sequence[float]],
    label: str,
    published: Mapping[str, Sequence[float]],
    title: str = "",
) -> bytes:
    """Draw a box per model as PNG.

    Parameters
    ----------
    values : mapping of str to sequence of float
        By model its value on each fold.
    label : str
        What the values are.
    published : mapping of str to (float, float)
        By model a paper's mean and standard deviation.
    """
    figure = new_figure(max(1.6 + 0.85 * len(values), 3.6), 4.2)
    axes = figure.add_subplot()
    fill_axes(axes, values, label, published)
    entitle(axes, title)
    if set(values) & set(published):
        legend_outside(figure)
    return to_png(figure)


def fill_axes(
    axes: Axes,
    values: Mapping[str, Sequence[float]],
    label: str,
    published: Mapping[str, Sequence[float]],
) -> None:
    """Draw boxes, points and published figures into axes; see `draw_boxes`."""
    dress(axes, "", "", label)
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


def _draw_published(axes: Axes, names: list[str], published: Mapping[str, Sequence[float]]) -> None:
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
