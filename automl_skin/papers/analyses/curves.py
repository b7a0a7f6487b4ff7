"""ROC and precision-recall curves as means over folds, with what the paper published beside them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.evaluation.plots.curve_points import (
    GRID,
    Contrast,
    contrasts,
    macro_precision_recall,
    macro_roc,
)
from automl_skin.evaluation.plots.style import (
    MUTED,
    colour,
    columns_for,
    dress,
    legend,
    legend_outside,
    line_style,
    new_figure,
    to_png,
    unit_square,
)
from automl_skin.metrics.ranking import average_precision, macro_auc
from automl_skin.papers.analyses.models import (
    Cells,
    Parts,
    against_the_rest,
    choose_models,
    find_columns,
    save_picture,
)
from automl_skin.papers.context import ReproduceContext, Section
from automl_skin.papers.markdown import format_spread, format_table

MAX_BANDS = 3
"""Curves that get a band of one standard deviation; more bands than these hide each other."""


@dataclass(frozen=True)
class Curve:
    """A kind of curve: its axes, its points, and the figure that sums it up."""

    x: str
    y: str
    score: str
    points: Callable[[list[Contrast]], tuple[FloatArray, FloatArray]]
    function: Callable[[IntArray, FloatArray], float]


ROC = Curve("1 - specificity", "Sensitivity", "AUC", macro_roc, macro_auc)
PRECISION_RECALL = Curve(
    "Recall (sensitivity)",
    "Precision (positive predictive value)",
    "Average precision",
    macro_precision_recall,
    average_precision,
)


def roc(
    context: ReproduceContext,
    *,
    cells: Cells | None = None,
    locked: bool = False,
    positive: Sequence[str] = (),
    published: Mapping[str, float] = {},
    title: str = "ROC",
    file: str = "roc",
) -> Section:
    """Draw ROC curves.

    Parameters
    ----------
    cells, locked
        See `choose_models`.
    positive : sequence of str
        Classes that are positive, all others being negative; empty for a binary target's own, and for the mean over
        the classes (macro one-vs-rest) of several.
    published : mapping of str to float
        By what a reader calls the model the paper's AUC.
    title, file : str
        Of the section, and name of the picture.
    """
    return _show(context, ROC, (cells, locked), positive, published, (title, file))


def precision_recall(
    context: ReproduceContext,
    *,
    cells: Cells | None = None,
    locked: bool = False,
    positive: Sequence[str] = (),
    published: Mapping[str, float] = {},
    title: str = "Precision and recall",
    file: str = "precision-recall",
) -> Section:
    """Draw precision-recall curves; the options are those of `roc`."""
    return _show(context, PRECISION_RECALL, (cells, locked), positive, published, (title, file))


def _show(
    context: ReproduceContext,
    curve: Curve,
    which: tuple[Cells | None, bool],
    positive: Sequence[str],
    published: Mapping[str, float],
    names: tuple[str, str],
) -> Section:
    title, file = names
    chosen = choose_models(context, which[0], locked=which[1])
    if not chosen.parts:
        return Section(title, chosen.note)
    columns = find_columns(context, positive)
    picture = save_picture(context, file, draw_curves(curve, chosen.parts, columns, title))
    rows = [
        [
            name,
            format_spread([curve.function(*against_the_rest(part, columns)) for part in parts]),
            f"{published[name]:.3f}" if name in published else "",
        ]
        for name, parts in chosen.parts.items()
    ]
    table = format_table(["model", curve.score, "published"], rows)
    return Section(title, f"{chosen.note}\n\n{table}", (picture,))


def draw_curves(curve: Curve, models: Mapping[str, Parts], positive: Sequence[int], title: str) -> bytes:
    """Draw the mean curve over folds of every model as PNG, with mean and standard deviation of its score.

    Parameters
    ----------
    positive : sequence of int
        See `against_the_rest`.
    """
    is_roc = curve is ROC
    figure = new_figure(4.8, 5.0 if is_roc else 5.4)
    axes = figure.add_subplot()
    dress(axes, title, curve.x, curve.y)
    unit_square(axes)
    by_chance: dict[str, Any] = {"color": MUTED, "linewidth": 0.8, "linestyle": ":"}
    if is_roc:
        axes.plot([0, 1], [0, 1], **by_chance)
    else:
        axes.axhline(_share(next(iter(models.values())), positive), **by_chance)
    fill_axes(axes, curve, models, positive)
    heading = f"{curve.score}, mean ± standard deviation"
    if is_roc:
        legend(axes, "lower right", heading)
    else:
        legend_outside(figure, heading, columns=columns_for(models))
    return to_png(figure)


def fill_axes(axes: Axes, curve: Curve, models: Mapping[str, Parts], positive: Sequence[int]) -> None:
    """Draw mean curves into axes; see `draw_curves`."""
    for position, (name, parts) in enumerate(models.items()):
        folds = [against_the_rest(part, positive) for part in parts]
        curves = np.array([np.interp(GRID, *curve.points(contrasts(*fold))) for fold in folds])
        x, mean = GRID, curves.mean(axis=0)
        if len(models) <= MAX_BANDS:
            spread = curves.std(axis=0)
            axes.fill_between(
                x, mean - spread, mean + spread, color=colour(position), alpha=0.15, linewidth=0
            )
        if curve is ROC:
            x, mean = np.append(0.0, x), np.append(0.0, mean)
        mark, style = colour(position), line_style(position)
        label = f"{name}  {format_spread([curve.function(*fold) for fold in folds])}"
        axes.plot(x, mean, color=mark, linestyle=style, linewidth=1.6, label=label)


def _share(parts: Parts, positive: Sequence[int]) -> float:
    """Return the average precision of scores by chance: the share of positive cases, or its mean over classes."""
    shares = [
        np.mean([each.positive.mean() for each in contrasts(*against_the_rest(part, positive))])
        for part in parts
    ]
    return float(np.mean(shares))
