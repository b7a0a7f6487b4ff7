"""ROC and precision-recall curves of one or several models."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.evaluation.plots.curve_points import (
    GRID,
    Contrast,
    contrasts,
    macro_precision_recall,
    macro_roc,
    roc_band,
)
from automl_skin.evaluation.plots.style import (
    MUTED,
    colour,
    dress,
    entitle,
    legend,
    line_style,
    new_figure,
    to_png,
    unit_square,
)
from automl_skin.metrics.intervals import auc_interval
from automl_skin.metrics.ranking import average_precision, macro_auc

Models = Mapping[str, FloatArray]

_MANY = 10  # entries that a legend inside the square can hold


def roc_plot(
    labels: IntArray,
    models: Models,
    *,
    groups: npt.ArrayLike | None = None,
    classes: Sequence[str] = (),
    title: str = "ROC",
    seed: int = 0,
) -> bytes:
    """Draw ROC curves as PNG.

    One model of several classes gets a curve per class; several models get one curve each, of several
    classes the macro average.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    models : mapping of str to array of shape (n_cases, n_classes)
        By name; the first is drawn strongest and has the band.
    groups : array of shape (n_cases,), optional
        With groups the figure shows 95 % intervals of the AUC and a pointwise band, groups drawn whole.
    classes : sequence of str
        Names of the classes, for a curve per class.
    """
    figure = new_figure(4.6, 4.8)
    axes = figure.add_subplot()
    draw_roc(axes, labels, models, groups=groups, classes=classes, seed=seed)
    entitle(axes, title)
    return to_png(figure)


def precision_recall_plot(
    labels: IntArray, models: Models, *, classes: Sequence[str] = (), title: str = "Precision and recall"
) -> bytes:
    """Draw precision-recall curves as PNG; which curves, as in `roc_plot`."""
    figure = new_figure(4.6, 4.8)
    axes = figure.add_subplot()
    draw_precision_recall(axes, labels, models, classes=classes)
    entitle(axes, title)
    return to_png(figure)


def draw_roc(
    axes: Axes,
    labels: IntArray,
    models: Models,
    *,
    groups: npt.ArrayLike | None = None,
    classes: Sequence[str] = (),
    seed: int = 0,
) -> None:
    """Draw ROC curves into axes; see `roc_plot`."""
    dress(axes, "ROC", "1 - specificity", "Sensitivity")
    unit_square(axes)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=":")
    several = _by_curve(labels, models, classes)
    a_model_each = list(several) == list(models)
    texts = _auc_texts(labels, models, several, groups)
    for position, (name, curve) in enumerate(several.items()):
        if groups is not None and position == 0 and a_model_each:
            low, high = roc_band(curve, groups, seed)
            axes.fill_between(GRID, low, high, color=colour(0), alpha=0.18, linewidth=0)
        strong = position == 0 and a_model_each
        _line(axes, macro_roc(curve), position, f"{name}  {texts[name]}", strong=strong)
    legend(axes, "lower right", "AUC" if groups is None or not a_model_each else "AUC (95 % interval)")


def draw_precision_recall(
    axes: Axes, labels: IntArray, models: Models, *, classes: Sequence[str] = ()
) -> None:
    """Draw precision-recall curves into axes; the dotted line is what chance gives."""
    dress(axes, "Precision and recall", "Recall (sensitivity)", "Precision (positive predictive value)")
    unit_square(axes)
    several = _by_curve(labels, models, classes)
    for position, (name, curve) in enumerate(several.items()):
        value = np.mean([average_precision(*_two_columns(contrast)) for contrast in curve])
        strong = position == 0 and list(several) == list(models)
        points = macro_precision_recall(curve)
        _line(axes, points, position, f"{name}  {value:.3f}", strong=strong, steps=True)
    first = next(iter(several.values()))
    if len(first) == 1 and len(contrasts(labels, next(iter(models.values())))) == 1:
        axes.axhline(first[0].positive.mean(), color=MUTED, linewidth=0.8, linestyle=":")
    if len(several) == 1:
        legend(axes, "lower left", "Average precision")
    else:
        legend(axes, "below", "Average precision", columns=2 if len(models) > 1 else 3)


def _by_curve(labels: IntArray, models: Models, classes: Sequence[str]) -> dict[str, list[Contrast]]:
    """Return, by the name of the curve, the contrasts that it averages."""
    found = {name: contrasts(labels, probabilities) for name, probabilities in models.items()}
    first = next(iter(found.values()))
    if len(found) > 1 or len(first) == 1:
        return found
    return {classes[each.label] if classes else f"class {each.label}": [each] for each in first[:_MANY]}


def _auc_texts(
    labels: IntArray,
    models: Models,
    several: Mapping[str, list[Contrast]],
    groups: npt.ArrayLike | None,
) -> dict[str, str]:
    if groups is None or list(several) != list(models):
        return {
            name: f"{np.mean([macro_auc(*_two_columns(each)) for each in curve]):.3f}"
            for name, curve in several.items()
        }
    intervals = {name: auc_interval(labels, p, groups) for name, p in models.items()}
    return {
        name: f"{x.value:.3f} ({x.low:.3f}-{x.high:.3f}{'' if x.enough else '; too few to tell'})"
        for name, x in intervals.items()
    }


def _line(
    axes: Axes,
    points: tuple[FloatArray, FloatArray],
    position: int,
    label: str,
    *,
    strong: bool,
    steps: bool = False,
) -> None:
    axes.plot(
        *points,
        color=colour(position),
        linestyle=line_style(position),
        linewidth=2.0 if strong else 1.4,
        # the average precision is the area under these steps
        drawstyle="steps-pre" if steps else "default",
        label=label,
    )


def _two_columns(contrast: Contrast) -> tuple[IntArray, FloatArray]:
    return contrast.positive.astype(np.int64), np.column_stack([1 - contrast.scores, contrast.scores])
