"""A grid over the size of a network, as figure S1 of Yap et al. 2018: mean and 95 % interval at every size."""

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
from automl_skin.metrics.catalogue import metric_by_name
from automl_skin.papers.analyses.models import choose_models, save_picture
from automl_skin.papers.context import ReproduceContext, Section
from automl_skin.papers.markdown import format_table

Sizes = Mapping[tuple[int, int], Sequence[float]]
"""Values by (layers, width); (0, 0) is the network without them."""

TITLES = {"log_loss": "Log loss", "average_precision": "Mean average precision", "auc": "AUC"}
NOTE = "Points are means over folds and inputs, whiskers 95 % confidence intervals of these means."


def size_grid(
    context: ReproduceContext,
    *,
    sizes: Mapping[str, Sequence[str]],
    metrics: Sequence[str] = ("log_loss", "average_precision"),
    locked: bool = False,
    title: str = "Size of the embedding network",
    file: str = "sizes",
) -> Section:
    """Draw figures of merit over the size of a network.

    Parameters
    ----------
    sizes : mapping of str to sequence of str
        By ``"LAYERSxWIDTH"`` (``"0"`` for none) the cells whose folds are averaged there.
    metrics : sequence of str
        Names in `METRICS`.
    locked : bool
        See `choose_models`.
    title, file : str
        Of the section, and name of the picture.
    """
    found = {_read_size(size): choose_models(context, cells, locked=locked) for size, cells in sizes.items()}
    # a size is comparable with the others only where every cell of it has figures
    whole = {size: chosen for size, chosen in found.items() if chosen.parts and not chosen.missing}
    notes = [f"Not shown: {_name(size)}." for size in found if size not in whole]
    if not whole:
        return Section(title, "\n\n".join(notes))
    panels = {
        TITLES.get(metric.name, metric.name): {
            size: [metric.function(*part) for parts in chosen.parts.values() for part in parts]
            for size, chosen in whole.items()
        }
        for metric in map(metric_by_name, metrics)
    }
    picture = save_picture(context, file, draw_sizes(panels))
    rows = [[_name(size), *(_in_words(panel[size]) for panel in panels.values())] for size in whole]
    table = format_table(["layers x units", *panels], rows)
    return Section(title, "\n\n".join([NOTE, *notes, table]), (picture,))


def _read_size(text: str) -> tuple[int, int]:
    layers, _, width = text.partition("x")
    return int(layers), int(width or 0)


def _name(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}" if size[0] else "none"


def _in_words(values: Sequence[float]) -> str:
    mean, half = mean_and_half_width(values)
    return f"{mean:.3f} ± {half:.3f}"


def mean_and_half_width(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and half the width of its 95 % confidence interval (Student's t), 0 for a single value.

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


def draw_sizes(panels: Mapping[str, Sizes]) -> bytes:
    """Draw one panel per figure of merit as PNG: means with their 95 % confidence intervals.

    Parameters
    ----------
    panels : mapping of str to Sizes
        By the name of the figure.
    """
    figure = new_figure(4.2 * len(panels), 3.8)
    for axes, (name, sizes) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
    ):
        _draw(axes, name, sizes)
    legend_outside(figure, columns=4 if len(panels) > 1 else 2)
    return to_png(figure)


def _draw(axes: Axes, name: str, sizes: Sizes) -> None:
    dress(axes, "", "Units per layer", name)
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
