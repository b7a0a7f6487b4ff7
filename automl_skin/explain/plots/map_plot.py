"""A map of embeddings, coloured by what is known of the cases."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from automl_skin.arrays import BoolArray, FloatArray
from automl_skin.evaluation.plots.style import (
    GRID,
    INK,
    LABEL,
    MARKERS,
    SMALL,
    colour,
    dress,
    new_figure,
    to_png,
)

MAX_LEVELS = 7
"""Levels with a colour of their own; rarer ones are "other"."""

OTHER = "other"
_SIZE = 4.6


def categories_map(
    points: FloatArray,
    values: Sequence[str],
    title: str,
    *,
    clear: BoolArray | None = None,
    unclear: str = "",
    ranked: bool = True,
) -> bytes:
    """Draw a map coloured by categories, as PNG.

    Parameters
    ----------
    points : ndarray of shape (n_cases, 2)
    values : sequence of str
        One per case.
    clear : ndarray of shape (n_cases,), optional
        Whether a case is coloured; others are grey, and `unclear` says what they are.
    ranked : bool
        Whether the most frequent category comes first, and lies below the others; else they go by name.
    """
    figure, axes = _empty(points, title, clear, unclear)
    shown = np.asarray([str(value) for value in values], dtype=object)
    some = np.ones(len(points), np.bool_) if clear is None else clear
    levels = levels_shown(shown[some]) if ranked else sorted(set(shown[some]))
    names = np.where(np.isin(shown, levels), shown, OTHER)
    for at, level in enumerate(levels if set(names[some]) <= set(levels) else [*levels, OTHER]):
        rows = some & (names == level)
        _scatter(axes, points[rows], colour(at), MARKERS[at % len(MARKERS)], f"{level} ({rows.sum():,})")
    _legend(axes)
    return to_png(figure, dpi=200)


def levels_shown(values: "npt.NDArray[np.object_]") -> list[str]:
    """Return the levels that get a colour, the most frequent first, equal ones by name."""
    levels, counts = np.unique(values.astype(str), return_counts=True)
    order = sorted(range(len(levels)), key=lambda at: (-counts[at], levels[at]))
    return [str(levels[at]) for at in order[: MAX_LEVELS if len(levels) > MAX_LEVELS + 1 else len(levels)]]


def numbers_map(
    points: FloatArray,
    values: FloatArray,
    title: str,
    label: str,
    *,
    clear: BoolArray | None = None,
    unclear: str = "",
) -> bytes:
    """Draw a map coloured by a number in [0, 1], the greatest on top, as PNG.

    Parameters
    ----------
    points : ndarray of shape (n_cases, 2)
    values : ndarray of shape (n_cases,)
    title, label : str
        Above the map, and beside the scale.
    clear, unclear
        As in `categories_map`.
    """
    figure, axes = _empty(points, title, clear, unclear)
    rows = np.flatnonzero(np.ones(len(points), np.bool_) if clear is None else clear)
    rows = rows[np.argsort(values[rows], kind="stable")]
    drawn = axes.scatter(
        points[rows, 0], points[rows, 1], c=values[rows], cmap="cividis_r", vmin=0, vmax=1, s=9, linewidths=0
    )
    bar = figure.colorbar(drawn, ax=axes, shrink=0.7, aspect=28, pad=0.02)
    bar.set_label(label, fontsize=LABEL, color=INK)
    bar.ax.tick_params(labelsize=SMALL, colors=INK, length=2)
    bar.outline.set_visible(False)
    if clear is not None:
        _legend(axes)
    return to_png(figure, dpi=200)


def _empty(points: FloatArray, title: str, clear: BoolArray | None, unclear: str) -> tuple[Figure, Axes]:
    figure = new_figure(_SIZE + 1.4, _SIZE)
    axes = figure.subplots()
    dress(axes, title)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect("equal", adjustable="datalim")
    if clear is not None:
        _scatter(axes, points[~clear], GRID, "o", f"{unclear} ({(~clear).sum():,})")
    return figure, axes


def _scatter(axes: Axes, points: FloatArray, shade: str, marker: str, label: str) -> None:
    axes.scatter(
        points[:, 0], points[:, 1], s=9, color=shade, marker=marker, linewidths=0, alpha=0.75, label=label
    )


def _legend(axes: Axes) -> None:
    legend = axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        fontsize=SMALL,
        frameon=False,
        markerscale=2,
        handletextpad=0.3,
    )
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1.0)
