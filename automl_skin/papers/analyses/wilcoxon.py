"""Wilcoxon's signed-rank test between models: over folds and networks, and over classes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import wilcoxon

from automl_skin.arrays import FloatArray
from automl_skin.errors import ConfigError
from automl_skin.papers.analyses.models import check_options
from automl_skin.papers.context import ReproduceContext, Section
from automl_skin.papers.tables import fold_values

OPTIONS = ("metric", "pairs")
LEAST_PAIRS = 5
"""With fewer differences no two-sided test comes below 0.05."""


def signed_rank(context: ReproduceContext, options: Mapping[str, Any]) -> Section:
    """Compare models pairwise by Wilcoxon's signed-rank test, two-sided.

    A pair of models is compared by the metric on every fold of every network, and by the mean over the folds of the
    recall of every class. Folds share most of their training cases, so that the first test finds differences too
    easily; papers that report it have that too.

    Parameters
    ----------
    context : ReproduceContext
    options : mapping
        ``metric``: see `automl_skin.papers.metrics`; ``pairs``: each with ``label``, and the cells ``first`` and
        ``second``, one a network.

    Raises
    ------
    ConfigError
        If a pair is of different numbers of cells, or a cell is unknown.
    """
    check_options("wilcoxon", options, OPTIONS)
    metric = str(options.get("metric", "mean_class_recall"))
    by_class = [f"recall of {name}" for name in context.classes]
    lines = [f"| pair | over | pairs | mean difference in {metric} or recall | p |", "|---|---|---|---|---|"]
    for pair in options["pairs"]:
        both = [_models(context, pair, side) for side in ("first", "second")]
        if not both[0]:
            lines.append(f"| {pair['label']} | - | 0 | no network has both | - |")
            continue
        of_folds = _difference([_over_folds(context, each, metric) for each in both])
        of_classes = _difference([_over_classes(context, each, by_class) for each in both])
        lines += [
            _line(pair["label"], f"folds of {len(both[0])} networks", of_folds),
            _line(pair["label"], "classes", of_classes),
        ]
    return Section(
        "Wilcoxon's signed-rank tests",
        "\n".join([*lines, "", f"Two-sided; with fewer than {LEAST_PAIRS + 1} pairs no p is below 0.05."]),
    )


def _models(context: ReproduceContext, pair: Mapping[str, Any], side: str) -> list[str]:
    """Return the cells of one side for the networks of which both sides have figures, equal models once."""
    first, second = list(pair["first"]), list(pair["second"])
    unknown = [name for name in (*first, *second) if name not in context.cells]
    if unknown or len(first) != len(second):
        raise ConfigError(
            f"a pair of the analysis wilcoxon must name as many first cells of {context.variant.name} as second ones; "
            f"found {len(first)} and {len(second)}, unknown: {', '.join(unknown) or 'none'}"
        )
    both = [(a, b) for a, b in zip(first, second, strict=True) if {a, b} <= set(context.finished)]
    numbers = {(_number(context, a), _number(context, b)): (a, b) for a, b in both}
    return [pair_of[0 if side == "first" else 1] for pair_of in numbers.values()]


def _number(context: ReproduceContext, cell: str) -> int:
    record = context.finished[cell].record
    assert record is not None
    return record.plan.number


def _over_folds(context: ReproduceContext, cells: Sequence[str], metric: str) -> FloatArray:
    """Return the metric on every fold of every cell, shape (n_cells * n_folds,)."""
    return np.concatenate([fold_values(context, cell, metric) for cell in cells])


def _over_classes(context: ReproduceContext, cells: Sequence[str], metrics: Sequence[str]) -> FloatArray:
    """Return each class's recall, the mean over cells and folds, shape (n_classes,)."""
    values = [[np.nanmean(fold_values(context, cell, metric)) for metric in metrics] for cell in cells]
    means: FloatArray = np.mean(values, axis=0)
    return means


def _difference(both: Sequence[FloatArray]) -> FloatArray:
    difference = both[0] - both[1]
    known: FloatArray = difference[np.isfinite(difference)]
    return known


def _line(label: str, over: str, difference: FloatArray) -> str:
    p = float(wilcoxon(difference).pvalue) if np.any(difference) else 1.0
    return f"| {label} | {over} | {len(difference)} | {difference.mean():+.4f} | {p:.4f} |"
