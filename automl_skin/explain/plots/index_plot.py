"""The HeatMap index of models on the same cases, and the paired difference of two."""

from collections.abc import Mapping
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes

from automl_skin.arrays import FloatArray
from automl_skin.evaluation.plots.style import (
    COLOURS,
    INK,
    MUTED,
    SMALL,
    colour,
    dress,
    grid,
    new_figure,
    to_png,
)
from automl_skin.explain.heat_index import IndexTest

_NAME_WIDTH = 24  # letters of a model's name in a line


def index_plot(indices: Mapping[str, FloatArray], areas: FloatArray, test: IndexTest | None = None) -> bytes:
    """Draw the distribution of the index by model, and of the case-by-case difference of two, as PNG.

    Parameters
    ----------
    indices : mapping of str to ndarray of shape (n_cases,)
        By model; NaN where there was no heat.
    areas : ndarray of shape (n_cases,)
        The lesion's share of each picture: the index of heat that is everywhere the same.
    test : IndexTest, optional
        Of the first two models.
    """
    figure = new_figure(8.2 if test else 5.0, 1.7 + 0.55 * (1 + len(indices)))
    panels = figure.subplots(1, 2 if test else 1, width_ratios=[1.25, 1] if test else [1], squeeze=False)[0]
    rows = {"even heat (lesion's area)": areas, **indices}
    _draw_boxes(panels[0], rows)
    if test is not None:
        first, second = list(indices.values())[:2]
        _draw_differences(panels[1], second - first, test)
    return to_png(figure)


def _draw_boxes(axes: Axes, rows: Mapping[str, FloatArray]) -> None:
    dress(axes, "HeatMap index", "share of the heat inside the lesion")
    for row, values in enumerate(rows.values()):
        known = values[np.isfinite(values)]
        shade = MUTED if row == 0 else colour(row - 1)
        axes.boxplot(
            known,
            positions=[row],
            orientation="horizontal",
            widths=0.5,
            patch_artist=True,
            showfliers=False,
            boxprops={"facecolor": shade, "alpha": 0.25, "edgecolor": shade},
            medianprops={"color": shade, "linewidth": 1.6},
            whiskerprops={"color": shade},
            capprops={"color": shade},
        )
        axes.plot([known.mean()], [row], "o", color=shade, markersize=5)
        axes.annotate(
            f"{known.mean():.3f}",
            (known.mean(), row - 0.3),
            ha="center",
            va="bottom",
            fontsize=SMALL,
            color=INK,
        )
    axes.set_yticks(range(len(rows)), labels=[fill(name, _NAME_WIDTH) for name in rows])
    axes.set_ylim(len(rows) - 0.4, -0.75)
    axes.set_xlim(-0.02, 1.02)
    grid(axes, "x")


def _draw_differences(axes: Axes, differences: FloatArray, test: IndexTest) -> None:
    known = differences[np.isfinite(differences)]
    words = [
        "second model less first, case by case",
        f"mean {test.difference:+.3f} ({test.low:+.3f} to {test.high:+.3f}), {test.n_cases} cases",
        f"t-test p = {test.t_test:.2g}, Wilcoxon p = {test.wilcoxon:.2g}",
    ]
    dress(axes, "Paired difference", "\n".join(words), "cases")
    reach = max(float(np.abs(known).max()), 0.05)
    axes.hist(known, bins=np.linspace(-reach, reach, 30).tolist(), color=COLOURS[0], alpha=0.35)
    axes.axvline(0, color=INK, linewidth=0.9)
    axes.axvspan(test.low, test.high, color=COLOURS[1], alpha=0.3, linewidth=0)
    axes.axvline(test.difference, color=COLOURS[1], linewidth=1.6)
