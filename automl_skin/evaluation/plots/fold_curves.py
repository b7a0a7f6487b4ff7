"""ROC and precision-recall curves as means over folds, as papers with a cross-validation draw them."""

from collections.abc import Callable, Mapping, Sequence

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

Parts = Sequence[tuple[IntArray, FloatArray]]
"""For every fold labels (n_cases,) and probabilities (n_cases, n_classes)."""

_MOST_BANDS = 3  # curves; more bands than these hide each other

_Points = Callable[[list[Contrast]], tuple[FloatArray, FloatArray]]
_Score = Callable[[IntArray, FloatArray], float]


def fold_roc_plot(models: Mapping[str, Parts], *, positive: Sequence[int] = (), title: str = "ROC") -> bytes:
    """Draw the mean ROC curve over folds of every model as PNG, with mean and standard deviation of its AUC.

    Parameters
    ----------
    models : mapping of str to sequence of (labels, probabilities)
        By name the cases of each fold.
    positive : sequence of int
        Classes that count as positive, against all others; empty for the second of two classes, and for the mean
        over the classes (macro one-vs-rest) of several.
    title : str
    """
    figure = new_figure(4.8, 5.0)
    axes = figure.add_subplot()
    dress(axes, title, "1 - specificity", "Sensitivity")
    unit_square(axes)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=":")
    _draw(axes, models, positive, macro_roc, macro_auc, anchor=(0.0, 0.0))
    legend(axes, "lower right", "AUC, mean ± standard deviation")
    return to_png(figure)


def fold_precision_recall_plot(
    models: Mapping[str, Parts], *, positive: Sequence[int] = (), title: str = "Precision and recall"
) -> bytes:
    """Draw mean precision-recall curves over folds as PNG; the parameters are those of `fold_roc_plot`."""
    figure = new_figure(4.8, 5.4)
    axes = figure.add_subplot()
    dress(axes, title, "Recall (sensitivity)", "Precision (positive predictive value)")
    unit_square(axes)
    share = float(np.mean([_share(part, positive) for part in next(iter(models.values()))]))
    axes.axhline(share, color=MUTED, linewidth=0.8, linestyle=":")
    _draw(axes, models, positive, macro_precision_recall, average_precision, anchor=None)
    legend_outside(figure, "Average precision, mean ± standard deviation", columns=columns_for(models))
    return to_png(figure)


def against_the_rest(
    part: tuple[IntArray, FloatArray], positive: Sequence[int]
) -> tuple[IntArray, FloatArray]:
    """Return labels and probabilities of two classes: the `positive` ones together, against all others.

    Without `positive` the cases are returned as they are.

    Examples
    --------
    >>> against_the_rest((np.array([2]), np.array([[0.5, 0.2, 0.3]])), (1, 2))
    (array([1]), array([[0.5, 0.5]]))
    """
    labels, probabilities = part
    if not positive:
        return labels, probabilities
    scores = probabilities[:, list(positive)].sum(axis=1)
    return np.isin(labels, positive).astype(np.int64), np.column_stack([1 - scores, scores])


def _draw(
    axes: Axes,
    models: Mapping[str, Parts],
    positive: Sequence[int],
    points: _Points,
    score: _Score,
    *,
    anchor: tuple[float, float] | None,
) -> None:
    for position, (name, parts) in enumerate(models.items()):
        folds = [against_the_rest(part, positive) for part in parts]
        curves = np.array([np.interp(GRID, *points(contrasts(*fold))) for fold in folds])
        values = np.array([score(*fold) for fold in folds])
        x, mean = GRID, curves.mean(axis=0)
        if len(models) <= _MOST_BANDS:
            spread = curves.std(axis=0)
            axes.fill_between(
                x, mean - spread, mean + spread, color=colour(position), alpha=0.15, linewidth=0
            )
        if anchor is not None:
            x, mean = np.append(anchor[0], x), np.append(anchor[1], mean)
        label = f"{name}  {values.mean():.3f} ± {values.std(ddof=min(1, len(values) - 1)):.3f}"
        style = line_style(position)
        axes.plot(x, mean, color=colour(position), linestyle=style, linewidth=1.6, label=label)


def _share(part: tuple[IntArray, FloatArray], positive: Sequence[int]) -> float:
    """Return the average precision of scores by chance: the share of positive cases, or its mean over classes."""
    labels, probabilities = against_the_rest(part, positive)
    return float(np.mean([contrast.positive.mean() for contrast in contrasts(labels, probabilities)]))
