"""The locked test in one figure: every model's AUC with its interval, and what the first gains on the others."""

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from automl_skin.evaluation.figures import Figures
from automl_skin.evaluation.plots.style import (
    COLOURS,
    INK,
    MUTED,
    SMALL,
    dress,
    grid,
    new_figure,
    to_png,
)
from automl_skin.metrics.intervals import Interval


def forest_plot(figures: Figures, *, title: str = "Locked test set") -> bytes:
    """Draw the models' AUCs and the paired gains with 95 % intervals as PNG."""
    names = list(figures.models)
    figure = new_figure(8.2, 1.7 + 0.44 * len(names))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[1.25, 1])
    opened = figures.opened.replace(" (", "\n(")  # another title stands beside it
    dress(left, f"{title}, {opened}", "AUC (95 % interval)")
    dress(right, f"Gain of the {figures.first}", "Paired difference in AUC (95 % interval)")
    for row, (name, model) in enumerate(figures.models.items()):
        shade = COLOURS[0] if row == 0 else INK
        _draw_interval(left, row - 0.12, model.auc, shade, filled=True, label="per case" if row == 0 else "")
        lesion = "per lesion" if row == 0 else ""
        _draw_interval(left, row + 0.16, model.lesion_auc, MUTED, filled=False, label=lesion)
        if name in figures.gains:
            gain = figures.gains[name]
            beaten = gain.is_above_0
            _draw_interval(right, row, gain, COLOURS[2] if beaten else COLOURS[1], filled=beaten)
            _write(right, row, gain, "{:+.3f}")
        _write(left, row - 0.12, model.auc, "{:.3f}")
    right.axvline(0, color=INK, linewidth=0.9)
    _finish(left, right, names)
    figure.legend(
        *left.get_legend_handles_labels(), loc="outside lower left", ncols=2, fontsize=SMALL, frameon=False
    )
    if figures.gains:
        figure.legend(
            handles=_gain_handles(), loc="outside lower right", ncols=2, fontsize=SMALL, frameon=False
        )
    return to_png(figure)


def _draw_interval(
    axes: Axes, row: float, interval: Interval, shade: str, *, filled: bool, label: str = ""
) -> None:
    axes.plot(
        [interval.low, interval.high], [row, row], color=shade, linewidth=1.6 if filled else 1.1, zorder=5
    )
    axes.plot(
        [interval.value],
        [row],
        marker="o",
        linestyle="none",
        markersize=6 if filled else 5,
        color=shade,
        markerfacecolor=shade if filled else "white",
        label=label or "_",
        zorder=5,
    )


def _gain_handles() -> list[Line2D]:
    return [
        Line2D([], [], color=shade, marker="o", markerfacecolor=inside, label=text)
        for shade, inside, text in (
            (COLOURS[2], COLOURS[2], "interval above 0"),
            (COLOURS[1], "white", "not above 0"),
        )
    ]


def _write(axes: Axes, row: float, interval: Interval, form: str) -> None:
    axes.annotate(
        form.format(interval.value),
        (interval.value, row),
        xytext=(0, 6),
        textcoords="offset points",
        ha="center",
        fontsize=SMALL,
        color=INK,
        bbox={"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none"},
    )


def _finish(left: Axes, right: Axes, names: list[str]) -> None:
    left.set_yticks(range(len(names)), labels=names)
    left.set_ylim(len(names) - 0.5, -0.6)
    for axes in (left, right):
        grid(axes, "x")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.margins(x=0.08)
