"""Net benefit over threshold probabilities."""

from collections.abc import Collection

from matplotlib.ticker import PercentFormatter

from automl_skin.evaluation.decision_curve import DecisionCurve
from automl_skin.evaluation.plots.style import (
    MUTED,
    colour,
    columns_for,
    dress,
    grid,
    legend_outside,
    line_style,
    new_figure,
    to_png,
)

_BELOW = 0.15  # how much of the way below 0 is shown, as a share of the way above


def decision_plot(
    curve: DecisionCurve, names: Collection[str], *, title: str = "Decision curve on locked cases"
) -> bytes:
    """Draw the net benefit of some models, of treating all and of treating none as PNG.

    Parameters
    ----------
    names : collection of str
        Models that get a line.
    """
    figure = new_figure(6.4, 4.8)
    axes = figure.subplots()
    dress(axes, title, "Threshold probability", "Net benefit (true positives per case)")
    shown = {name: values for name, values in curve.models.items() if name in names}
    for position, (name, values) in enumerate(shown.items()):
        axes.plot(
            curve.thresholds,
            values,
            color=colour(position),
            linestyle=line_style(position),
            linewidth=2.0 if position == 0 else 1.2,
            zorder=5 - min(position, 3),
            label=name,
        )
    axes.plot(
        curve.thresholds, curve.treat_all, color=MUTED, linewidth=1.1, linestyle="-.", label="treat all"
    )
    axes.axhline(0, color=MUTED, linewidth=1.1, linestyle=":", label="treat none")
    top = max(curve.treat_all[0], *(max(values) for values in shown.values()))
    axes.set_ylim(-_BELOW * top, 1.05 * top)
    axes.set_xlim(0, curve.thresholds[-1])
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    grid(axes)
    legend_outside(figure, columns=columns_for([*shown, "treat none"]))
    return to_png(figure)
