"""What a search did: its history, and how the trials spread over backbone, fusion and head."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from automl_skin.arrays import FloatArray
from automl_skin.evaluation.plots.style import (
    INK,
    MARKERS,
    MUTED,
    SMALL,
    colour,
    dress,
    grid,
    new_figure,
    to_png,
)

_MAX_ROWS = 24


def history_plot(
    values: npt.ArrayLike, families: Sequence[str], *, metric: str = "AUC", title: str = "Search"
) -> bytes:
    """Draw every trial's figure, coloured by family, with the best so far, as PNG.

    The axis goes four times as far below the median as the best lies above it, so that bad trials do not
    hide the rest; those further down, and those that did not finish, are marks at its foot.

    Parameters
    ----------
    values : array of shape (n_trials,)
        In the order of the trials, greater is better; NaN for a trial that did not finish.
    families : sequence of str, of length n_trials
        Of the head that leads.
    metric : str
        What the values are.
    """
    figures = np.asarray(values, dtype=np.float64)
    figure = new_figure(7.2, 3.8)
    axes = figure.add_subplot()
    dress(axes, title, "Trial", metric)
    grid(axes, "y")
    foot = _set_range(axes, figures)
    names = np.asarray(families, dtype=object)
    for position, name in enumerate(sorted(set(families))):
        shown = (names == name) & (figures >= foot)
        axes.scatter(
            np.flatnonzero(shown),
            figures[shown],
            s=20,
            alpha=0.85,
            linewidths=0,
            color=colour(position),
            marker=MARKERS[position % len(MARKERS)],
            label=name.replace("_", " "),
        )
    _draw_best(axes, figures)
    _draw_foot(axes, figures, foot)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper", fontsize=SMALL, frameon=False)
    return to_png(figure)


def _set_range(axes: Axes, values: FloatArray) -> float:
    """Set the limits of the axis; return the value below which trials are marks at its foot."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0
    low, high = float(np.median(finite)), float(finite.max())
    low = max(float(finite.min()), low - 4 * (high - low))
    room = max(high - low, 1e-3)
    axes.set_ylim(low - 0.14 * room, high + 0.08 * room)
    axes.set_xlim(-1, len(values))
    return low - 0.05 * room


def _draw_best(axes: Axes, values: FloatArray) -> None:
    finite = np.flatnonzero(np.isfinite(values))
    if not len(finite):
        return
    best = np.maximum.accumulate(np.where(np.isfinite(values), values, -np.inf))[finite[0] :]
    trials = np.arange(finite[0], len(values))
    axes.step(trials, best, where="post", color=INK, linewidth=1.3, label="best so far")
    leader = int(np.nanargmax(values))
    axes.annotate(
        f"{values[leader]:.4f}, trial {leader}",
        (leader, float(values[leader])),
        xytext=(0, 5),
        textcoords="offset points",
        fontsize=SMALL,
        color=INK,
        ha="right" if leader > len(values) / 2 else "left",
    )


def _draw_foot(axes: Axes, values: FloatArray, foot: float) -> None:
    bottom = axes.get_xaxis_transform()
    for what, shown, marker in (
        ("below the axis", values < foot, "v"),
        ("not finished", ~np.isfinite(values), "x"),
    ):
        if shown.any():
            at = np.flatnonzero(shown)
            height = np.full(len(at), 0.025)
            axes.scatter(
                at, height, s=16, color=MUTED, marker=marker, linewidths=1, transform=bottom, label=what
            )


def spread_plot(spread: pd.DataFrame, *, metric: str = "AUC", title: str = "") -> bytes:
    """Draw the best figure by backbone, fusion and head, with the number of trials, as PNG.

    Parameters
    ----------
    spread : DataFrame
        Columns ``backbone``, ``fusion``, ``head``, ``trials`` and ``best`` (NaN where none finished). At most 24 pairs
        of backbone and fusion are shown, the best ones; the figure says how many are left out.
    """
    named = spread.assign(
        row=[_row_name(*pair) for pair in zip(spread["backbone"], spread["fusion"], strict=True)]
    )
    best = named.pivot_table(index="row", columns="head", values="best", aggfunc="max", dropna=False)
    trials = named.pivot_table(index="row", columns="head", values="trials", aggfunc="sum", fill_value=0)
    order = best.max(axis=1).sort_values(ascending=False, na_position="last").index[:_MAX_ROWS]
    heads = best.max().sort_values(ascending=False).index
    left_out = len(best) - len(order)
    shown, counts = best.reindex(index=order, columns=heads), trials.reindex(index=order, columns=heads)
    figure = new_figure(2.9 + 0.95 * len(heads) + 0.04 * max(map(len, order)), 1.2 + 0.36 * len(order))
    axes = figure.add_subplot()
    dress(
        axes,
        title or f"Best {metric} (number of trials)",
        f"{left_out} worse rows are not shown" if left_out else "",
        "",
    )
    _draw_cells(axes, shown.to_numpy(np.float64), counts.fillna(0).to_numpy(np.int64), metric)
    axes.set_xticks(range(len(heads)), labels=[str(name).replace("_", " ") for name in heads])
    axes.set_yticks(range(len(order)), labels=list(order))
    return to_png(figure)


def _row_name(backbone: str, fusion: str) -> str:
    return fusion if backbone in {"", "-"} else f"{backbone}, {fusion}"


def _draw_cells(axes: Axes, best: FloatArray, trials: npt.NDArray[np.int64], metric: str) -> None:
    finite = best[np.isfinite(best)]
    low, high = (float(np.quantile(finite, 0.1)), float(finite.max())) if len(finite) else (0.0, 1.0)
    palette = mpl.colormaps["Blues"].with_extremes(bad="#F4F4F4")
    image = axes.imshow(best, cmap=palette, vmin=low, vmax=max(high, low + 1e-3), aspect="auto")
    for (row, column), value in np.ndenumerate(best):
        count = trials[row, column]
        text = f"{value:.3f}  ({count})" if np.isfinite(value) else (f"- ({count})" if count else "")
        bright = not np.isfinite(value) or value < low + 0.6 * (high - low)
        axes.text(
            column, row, text, ha="center", va="center", fontsize=SMALL, color=INK if bright else "white"
        )
    for line in range(1, max(best.shape)):
        axes.axhline(line - 0.5, color="white", linewidth=1.5)
        axes.axvline(line - 0.5, color="white", linewidth=1.5)
    axes.set_xlim(-0.5, best.shape[1] - 0.5)
    axes.set_ylim(best.shape[0] - 0.5, -0.5)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    bar = axes.figure.colorbar(image, ax=axes, extend="min", pad=0.02, fraction=0.05)
    bar.set_label(metric, fontsize=SMALL, color=INK)
    bar.ax.tick_params(labelsize=SMALL, length=2)
    bar.outline.set_visible(False)
