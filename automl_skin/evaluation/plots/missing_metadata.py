"""The change of AUC over the share of metadata values that are hidden."""

from matplotlib.ticker import PercentFormatter

from automl_skin.evaluation.missing_metadata import MissingMetadata
from automl_skin.evaluation.plots.style import (
    MARKERS,
    colour,
    columns_for,
    dress,
    grid,
    legend_outside,
    line_style,
    new_figure,
    to_png,
)


def missing_metadata_plot(
    figures: MissingMetadata, *, title: str = "Change of AUC without metadata"
) -> bytes:
    """Draw the change of every AUC over the share of hidden metadata values as PNG."""
    figure = new_figure(6.4, 4.2)
    axes = figure.subplots()
    dress(axes, title, "Share of metadata values hidden", "AUC minus that with all metadata")
    for position, (name, changes) in enumerate(figures.models.items()):
        axes.plot(
            figures.shares,
            changes,
            color=colour(position),
            linestyle=line_style(position),
            marker=MARKERS[position % len(MARKERS)],
            linewidth=2.0 if position == 0 else 1.2,
            zorder=5 - min(position, 3),
            label=name,
        )
    axes.set_xticks(figures.shares)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    grid(axes)
    legend_outside(figure, columns=columns_for(figures.models))
    return to_png(figure)
