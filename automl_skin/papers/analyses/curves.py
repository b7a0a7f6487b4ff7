"""ROC and precision-recall curves of a variant's cells, as means over folds, with what the paper published."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from automl_skin.evaluation.plots.fold_curves import (
    Parts,
    against_the_rest,
    fold_precision_recall_plot,
    fold_roc_plot,
)
from automl_skin.metrics.ranking import average_precision, macro_auc
from automl_skin.papers.analyses.models import check_options, chosen_models, columns_of, save_picture
from automl_skin.papers.context import ReproduceContext, Section

OPTIONS = ("cells", "locked", "positive", "title", "published", "file")

_Plot = Callable[..., bytes]


def roc(context: ReproduceContext, options: Mapping[str, Any]) -> Section:
    """Draw ROC curves.

    Parameters
    ----------
    context : ReproduceContext
    options : mapping
        ``cells``, ``locked``: see `chosen_models`; ``positive``: names of the classes that are positive, all others
        being negative (a binary target's own, or macro one-vs-rest); ``published``: the paper's AUC by what a reader
        calls the model; ``title``; ``file``: name of the picture.
    """
    return _curves(context, options, "roc", fold_roc_plot, "AUC", macro_auc)


def precision_recall(context: ReproduceContext, options: Mapping[str, Any]) -> Section:
    """Draw precision-recall curves; the options are those of `roc`."""
    score = "Average precision"
    return _curves(context, options, "precision-recall", fold_precision_recall_plot, score, average_precision)


def _curves(
    context: ReproduceContext,
    options: Mapping[str, Any],
    kind: str,
    plot: _Plot,
    score: str,
    function: Callable[..., float],
) -> Section:
    check_options(kind, options, OPTIONS)
    title = str(options.get("title", "ROC" if kind == "roc" else "Precision and recall"))
    chosen = chosen_models(context, options)
    if not chosen.parts:
        return Section(title, chosen.note)
    positive = columns_of(context, options.get("positive", ()))
    picture = save_picture(
        context, str(options.get("file", kind)), plot(chosen.parts, positive=positive, title=title)
    )
    value = partial(_fold_values, positive=positive, function=function)
    table = _table(
        score, {name: value(parts) for name, parts in chosen.parts.items()}, options.get("published", {})
    )
    return Section(title, f"{chosen.note}\n\n{table}", (picture,))


def _fold_values(parts: Parts, positive: tuple[int, ...], function: Callable[..., float]) -> list[float]:
    return [function(*against_the_rest(part, positive)) for part in parts]


def _table(score: str, values: Mapping[str, list[float]], published: Mapping[str, float]) -> str:
    """Return the figures as Markdown: mean and standard deviation over folds, and the paper's."""
    lines = [f"| model | {score} | published |", "|---|---|---|"]
    for name, each in values.items():
        spread = f" ± {np.std(each, ddof=1):.3f}" if len(each) > 1 else ""
        paper = f"{published[name]:.3f}" if name in published else ""
        lines.append(f"| {name} | {np.mean(each):.3f}{spread} | {paper} |")
    return "\n".join(lines)
