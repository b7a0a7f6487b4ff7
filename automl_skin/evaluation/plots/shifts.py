"""Every model at home and under every shift, in one figure."""

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

HOME, MEAN = "at home", "mean under shift"


def shift_plot(figures: ShiftFigures, *, title: str = "Out-of-fold AUC under shift") -> bytes:
    """Draw the AUC of every model at home, under each shift and in their mean as PNG.

    Shifts are in the order of the first model, the mildest at the top; a line joins each model's dots, so that one
    sees which of them bend where.
    """
    first = figures.models[figures.first]
    shifts = sorted(figures.shifts, key=lambda name: -first.by_shift[name])
    figure = new_figure(7.4, 2.0 + 0.27 * (len(shifts) + 2))
    axes = figure.subplots()
    dress(axes, title, f"AUC of {figures.n_cases:,} cases, each by chains that have not seen it")
    for position, (name, model) in reversed(list(enumerate(figures.models.items()))):
        _draw(axes, model, shifts, position, name)
    rows = [HOME, *(name.replace("_", " ") for name in shifts), MEAN]
    axes.set_yticks(_rows(len(shifts)), labels=rows)
    for label in (axes.get_yticklabels()[0], axes.get_yticklabels()[-1]):
        label.set_fontweight("bold")
    axes.invert_yaxis()
    axes.axvline(first.auc_sample, color=MUTED, linewidth=0.9, linestyle=":", zorder=1)
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
    """Return where the rows stand: home and the mean a little apart from the shifts."""
    return [-0.4, *(float(row) for row in range(1, n_shifts + 1)), n_shifts + 1.4]


def _draw(axes: Axes, model: ShiftedModel, shifts: list[str], position: int, name: str) -> None:
    values = [model.auc_sample, *(model.by_shift[each] for each in shifts), model.auc_shifted]
    rows, shade, leads = _rows(len(shifts)), colour(position), position == 0
    style = {"color": shade, "marker": MARKERS[position % len(MARKERS)], "zorder": 6 if leads else 4}
    axes.plot(values[1:-1], rows[1:-1], linewidth=1.4 if leads else 0.8, alpha=0.45, color=shade)
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
    """Write the leading model's figures at home and in the mean."""
    rows = _rows(n_shifts)
    for value, row in ((first.auc_sample, rows[0]), (first.auc_shifted, rows[-1])):
        axes.annotate(
            f"{value:.3f}",
            (value, row),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=LABEL,
            color=INK,
            bbox={"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
            zorder=7,
        )
