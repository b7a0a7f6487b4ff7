"""Wilcoxon's signed-rank test between models: over folds and networks, and over classes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import wilcoxon

from automl_skin.arrays import FloatArray
from automl_skin.errors import ConfigError
from automl_skin.papers.context import ReproduceContext, Section
from automl_skin.papers.markdown import format_table
from automl_skin.papers.tables import fold_values

MIN_PAIRS = 6
"""With fewer differences no two-sided test comes below 0.05."""


def signed_rank(
    context: ReproduceContext,
    *,
    pairs: Sequence[Mapping[str, Any]],
    metric: str = "mean_class_recall",
    title: str = "Wilcoxon's signed-rank tests",
) -> Section:
    """Compare models pairwise by Wilcoxon's signed-rank test, two-sided.

    A pair of models is compared by the metric on every fold of every network, and by the mean over the folds of the
    recall of every class. Folds share most of their training cases, so that the first test finds differences too
    easily; papers that report it have that too.

    Parameters
    ----------
    pairs : sequence of mapping
        Each with ``label``, and the cells ``first`` and ``second``, one per network.
    metric : str
        See `automl_skin.papers.metrics`.

    Raises
    ------
    ConfigError
        If a pair is of different numbers of cells, or a cell is unknown.
    """
    rows = [row for pair in pairs for row in _rows(context, pair, metric)]
    table = format_table(["pair", "over", "pairs", f"mean difference in {metric} or recall", "p"], rows)
    return Section(title, f"{table}\n\nTwo-sided; with fewer than {MIN_PAIRS} pairs no p is below 0.05.")


def _rows(context: ReproduceContext, pair: Mapping[str, Any], metric: str) -> list[list[str]]:
    """Return the test over folds and the one over classes, for the networks of which both sides have figures."""
    label, models = pair["label"], _find_models(context, pair)
    if not models:
        return [[label, "-", "0", "no network has both", "-"]]
    recalls = [f"recall of {name}" for name in context.classes]
    sides = list(zip(*models, strict=True))
    folds = [np.concatenate([fold_values(context, cell, metric) for cell in side]) for side in sides]
    classes = [_class_means(context, side, recalls) for side in sides]
    return [_row(label, f"folds of {len(models)} networks", *folds), _row(label, "classes", *classes)]


def _find_models(context: ReproduceContext, pair: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the pairs of cells that both have figures, equal models once."""
    first, second = list(pair["first"]), list(pair["second"])
    unknown = [name for name in (*first, *second) if name not in context.cells]
    if unknown or len(first) != len(second):
        raise ConfigError(
            f"analysis wilcoxon, pair {pair['label']!r}: expected as many first as second cells of "
            f"{context.variant.name}, got {len(first)} and {len(second)}, unknown: {', '.join(unknown) or 'none'}"
        )
    both = [each for each in zip(first, second, strict=True) if set(each) <= set(context.finished)]
    return list({(_number(context, a), _number(context, b)): (a, b) for a, b in both}.values())


def _number(context: ReproduceContext, cell: str) -> int:
    record = context.finished[cell].record
    assert record is not None
    return record.plan.number


def _class_means(context: ReproduceContext, cells: Sequence[str], metrics: Sequence[str]) -> FloatArray:
    """Return each class's recall, the mean over cells and folds, shape (n_classes,)."""
    values = [[np.nanmean(fold_values(context, cell, metric)) for metric in metrics] for cell in cells]
    means: FloatArray = np.mean(values, axis=0)
    return means


def _row(label: str, over: str, first: FloatArray, second: FloatArray) -> list[str]:
    difference = first - second
    known = difference[np.isfinite(difference)]
    p = float(wilcoxon(known).pvalue) if np.any(known) else 1.0
    return [label, over, str(len(known)), f"{known.mean():+.4f}", f"{p:.4f}"]
