"""How all figures look: colours that colour-blind readers tell apart, quiet axes, readable letters.

Colours are Okabe & Ito's (2008). Lines differ in their dashes too, so that a grey print can be read.
"""

import io
from collections.abc import Iterable
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

Place = Literal["upper left", "upper right", "lower left", "lower right", "below"]

INK = "#222222"
MUTED = "#6B6B6B"
GRID = "#E4E4E4"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C8C8C")
DASHES: tuple[tuple[float, ...], ...] = ((), (5, 1.5), (1.2, 1.2), (6, 1.5, 1.2, 1.5), (3, 1), (8, 2))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DPI = 160

TITLE, LABEL, SMALL = 10.5, 9.5, 8.5


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches that keeps its labels inside."""
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def dress(axes: Axes, title: str = "", x: str = "", y: str = "") -> None:
    """Give axes their title, labels and quiet lines."""
    axes.set_facecolor("white")
    for side, spine in axes.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set_color(MUTED)
        spine.set_linewidth(0.8)
    axes.tick_params(labelsize=SMALL, colors=INK, color=MUTED, width=0.8, length=3)
    entitle(axes, title)
    axes.set_xlabel(x, fontsize=LABEL, color=INK)
    axes.set_ylabel(y, fontsize=LABEL, color=INK)
    axes.set_axisbelow(True)


def entitle(axes: Axes, title: str) -> None:
    """Give axes their title."""
    axes.set_title(title, fontsize=TITLE, color=INK, loc="left", fontweight="bold")


def grid(axes: Axes, axis: str = "both") -> None:
    """Draw a light grid behind the data."""
    for name, each in (("x", axes.xaxis), ("y", axes.yaxis)):
        if axis in {name, "both"}:
            each.grid(visible=True, color=GRID, linewidth=0.7)


def unit_square(axes: Axes) -> None:
    """Show 0 to 1 on both axes, as a square."""
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.set_aspect("equal", adjustable="box")
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
    axes.set_xticks(ticks)
    axes.set_yticks(ticks)
    grid(axes)


def legend(axes: Axes, place: Place, title: str = "", *, columns: int = 1) -> None:
    """Add a legend on a plain white ground; "below" is under the axes."""
    box = axes.legend(
        loc="upper center" if place == "below" else place,
        bbox_to_anchor=(0.5, -0.13) if place == "below" else None,
        ncols=columns,
        fontsize=SMALL,
        frameon=True,
        facecolor="white",
        edgecolor="none",
        framealpha=0.75,
    )
    if title:
        box.set_title(title, prop=FontProperties(size=SMALL))


def legend_outside(figure: Figure, title: str = "", *, columns: int = 1) -> None:
    """Add a legend under all axes of a figure, of what has a label in the first ones."""
    figure.set_layout_engine("constrained", h_pad=0.08)  # else a title on top is cut by a pixel at some sizes
    handles, labels = figure.axes[0].get_legend_handles_labels()
    box = figure.legend(
        handles, labels, loc="outside lower center", ncols=columns, fontsize=SMALL, frameon=False
    )
    box.set_title(title, prop=FontProperties(size=SMALL))


def columns_for(names: Iterable[str]) -> int:
    """Return how many entries of a legend fit side by side under axes of usual width.

    Examples
    --------
    >>> columns_for(["image", "metadata"]), columns_for(["image", "image and metadata"])
    (2, 1)
    """
    return 1 if max(map(len, names)) > 10 else 2


def to_png(figure: Figure, dpi: int = DPI) -> bytes:
    """Return the figure as the bytes of a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dpi)
    return file.getvalue()


def colour(position: int) -> str:
    """Return the colour of the line at a position."""
    return COLOURS[position % len(COLOURS)]


def dashes(position: int) -> tuple[float, ...]:
    """Return the dashes of the line at a position, for ``set_dashes``; empty is solid."""
    return DASHES[position % len(DASHES)]


def line_style(position: int) -> str | tuple[float, tuple[float, ...]]:
    """Return the line style of the line at a position."""
    return (0, dashes(position)) if dashes(position) else "-"
