"""How the AUC of every model changes under every shift, in one figure."""

from matplotlib.axes import Axes

from automl_skin.evaluation.plots.style import (
    INK,
    LABEL,
    MARKERS,
    MUTED,
    SMALL,
    colour,
    dress,
    grid,
    new_figure,
    to_png,
)
from automl_skin.evaluation.shifts import ShiftedModel, ShiftFigures

MEAN = "mean"


def shift_plot(figures: ShiftFigures, *, title: str = "Change of AUC under shift") -> bytes:
    """Draw the change of every model's AUC under each shift and in their mean as PNG.

    Shifts are in the order of the first model, the mildest at the top; a line joins each model's dots, so that one
    sees which of them bend where. The leading model's mean has its interval.
    """
    first = figures.models[figures.first]
    shifts = sorted(figures.shifts, key=lambda name: -first.by_shift[name])
    figure = new_figure(7.4, 1.7 + 0.27 * (len(shifts) + 1))
    axes = figure.subplots()
    dress(
        axes,
        title,
        f"AUC minus that at home, {figures.n_cases:,} cases, each by chains that have not seen it",
    )
    for position, (name, model) in reversed(list(enumerate(figures.models.items()))):
        _draw(axes, model, shifts, position, name)
    axes.set_yticks(_rows(len(shifts)), labels=[*(name.replace("_", " ") for name in shifts), MEAN])
    axes.get_yticklabels()[-1].set_fontweight("bold")
    axes.invert_yaxis()
    axes.axvline(0, color=MUTED, linewidth=0.9, linestyle=":", zorder=1)
    grid(axes)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.06)
    _annotate(axes, first, len(shifts))
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles[::-1], labels[::-1], loc="outside lower center", ncols=3, fontsize=SMALL, frameon=False
    )
    return to_png(figure)


def _rows(n_shifts: int) -> list[float]:
    """Return where the rows stand: the mean a little apart from the shifts."""
    return [*(float(row) for row in range(1, n_shifts + 1)), n_shifts + 1.4]


def _draw(axes: Axes, model: ShiftedModel, shifts: list[str], position: int, name: str) -> None:
    values = [*(model.by_shift[each] - model.auc_sample for each in shifts), model.mean_change]
    rows, shade, leads = _rows(len(shifts)), colour(position), position == 0
    style = {"color": shade, "marker": MARKERS[position % len(MARKERS)], "zorder": 6 if leads else 4}
    axes.plot(values[:-1], rows[:-1], linewidth=1.4 if leads else 0.8, alpha=0.45, color=shade)
    axes.plot(
        values,
        rows,
        linestyle="none",
        markersize=7 if leads else 5.5,
        markerfacecolor=shade if leads else "white",
        label=name,
        **style,  # type: ignore[arg-type]  # values of several types, each of its keyword's
    )


def _annotate(axes: Axes, first: ShiftedModel, n_shifts: int) -> None:
    """Draw the interval of the leading model's mean, and write it."""
    row = _rows(n_shifts)[-1]
    if first.change is not None:
        axes.hlines(row, first.change.low, first.change.high, color=colour(0), linewidth=2.0, zorder=5)
    axes.annotate(
        f"{first.mean_change:+.3f}",
        (first.mean_change, row),
        xytext=(0, 8),
        textcoords="offset points",
        ha="center",
        fontsize=LABEL,
        color=INK,
        bbox={"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
        zorder=7,
    )
