"""How the networks of one tuning learnt: loss and inner AUC by epoch, one line per network."""

from collections.abc import Callable, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.evaluation.plots.style import (
    MARKERS,
    SMALL,
    colour,
    dress,
    grid,
    line_style,
    new_figure,
    to_png,
)


def curves_of_tuning(curves: Mapping[str, Sequence[Epoch]], *, title: str = "") -> bytes:
    """Draw loss and inner AUC by epoch, as PNG.

    Parameters
    ----------
    curves : mapping of str to sequence of Epoch
        By what each network is called; one that has no finished epoch has no line.
    """
    figure = new_figure(7.6, 3.2)
    left, right = figure.subplots(1, 2)
    dress(left, title, "Epoch", "Loss, as trained")
    dress(right, "", "Epoch", "AUC on the watched rows")
    _draw(left, curves, lambda epoch: epoch.loss)
    _draw(right, curves, lambda epoch: epoch.inner_auc)
    handles, labels = left.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside right upper", fontsize=SMALL, frameon=False)
    return to_png(figure)


def _draw(axes: Axes, curves: Mapping[str, Sequence[Epoch]], value: Callable[[Epoch], float]) -> None:
    grid(axes)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for position, (name, curve) in enumerate(curves.items()):
        axes.plot(
            [epoch.number for epoch in curve],
            [value(epoch) for epoch in curve],
            color=colour(position),
            linestyle=line_style(position),
            linewidth=1.4,
            marker=MARKERS[position % len(MARKERS)],
            markersize=4,
            label=name,
        )
