"""Importances of columns as bars, the greatest on top."""

from collections.abc import Mapping

import numpy as np

from automl_skin.arrays import FloatArray
from automl_skin.evaluation.plots.style import COLOURS, INK, MUTED, dress, grid, new_figure, to_png


def importances_plot(panels: Mapping[str, Mapping[str, FloatArray]], most: int = 12) -> bytes:
    """Draw one panel per kind of importance as PNG: mean over folds, with every fold as a point.

    Parameters
    ----------
    panels : mapping of str to mapping of str to ndarray of shape (n_folds,)
        By the kind's name (the axis label) its values by column.
    most : int
        Columns that are shown of each.
    """
    longest = max(len(name) for columns in panels.values() for name in columns)
    rows = max(min(len(columns), most) for columns in panels.values())
    figure = new_figure((2.6 + 0.06 * longest) * len(panels), 1.2 + 0.26 * rows)
    drawn = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (label, columns) in zip(drawn, panels.items(), strict=True):
        names = _greatest(columns, most)
        dress(axes, "", label, "")
        grid(axes, "x")
        axes.barh(
            names, [float(np.mean(columns[name])) for name in names], color=COLOURS[0], alpha=0.75, height=0.6
        )
        for place, name in enumerate(names):
            axes.plot(columns[name], np.full(len(columns[name]), place), ".", color=INK, markersize=3.5)
        axes.axvline(0, color=MUTED, linewidth=0.8)
        axes.set_ylim(len(names) - rows - 0.6, len(names) - 0.4)
    return to_png(figure)


def _greatest(columns: Mapping[str, FloatArray], most: int) -> list[str]:
    return sorted(columns, key=lambda name: float(np.mean(columns[name])))[-most:]
