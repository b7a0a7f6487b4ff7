"""A random forest on metadata alone: grid search over the folds, the winner's figures, and its importances.

Yap et al. 2018, section 4.1. The grid is searched by mean average precision over the folds of the development cases;
the winner's five chains are then measured on the held-out cases where those were opened, else out of fold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import ParameterGrid

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.chains.config import BranchConfig, ChainConfig
from automl_skin.chains.fitted import FittedChain
from automl_skin.chains.fitting import FoldFitter
from automl_skin.chains.inputs import CaseInputs
from automl_skin.evaluation.plots.importances import importances_plot
from automl_skin.heads.random_forest import RandomForestConfig
from automl_skin.metrics.ranking import average_precision, macro_auc
from automl_skin.papers.analyses.models import (
    Parts,
    against_the_rest,
    find_columns,
    lacking_sides,
    save_picture,
)
from automl_skin.papers.context import ReproduceContext, Section
from automl_skin.papers.markdown import format_spread, format_table, mean_and_deviation
from automl_skin.search.objective import make_fitter
from automl_skin.seeding import derive_seed, generator

NOTE = (
    "Importances by column (loss of impurity) and by field (loss of mean average precision when the field is "
    "shuffled among the cases of the fold that was held out):"
)
SHOWN = 5
"""Points of the grid that the report shows."""


@dataclass(frozen=True)
class GridPoint:
    """One point of the grid.

    Parameters
    ----------
    values : mapping of str to number or str
        Fields of `RandomForestConfig`.
    chains : tuple of FittedChain
        One per fold.
    parts : sequence of (labels, probabilities)
        Out of fold.
    """

    values: Mapping[str, Any]
    chains: tuple[FittedChain, ...]
    parts: Parts

    @property
    def scores(self) -> list[float]:
        """Mean average precision of each fold."""
        return [average_precision(*part) for part in self.parts]


def forest_grid(
    context: ReproduceContext,
    *,
    grid: Mapping[str, Sequence[Any]],
    sides: Mapping[str, Sequence[str]] = {},
    published: Mapping[str, float | Sequence[float]] = {},
    repeats: int = 10,
    title: str = "Random forest on metadata alone",
    file: str = "forest",
) -> Section:
    """Search the grid and show the winner.

    Parameters
    ----------
    grid : mapping of str to sequence
        Values by field of `RandomForestConfig`.
    sides : mapping of str to sequence of str
        Classes whose AUC against all others is shown, by what a reader calls them.
    published : mapping of str to float or (float, float)
        The paper's figure by heading, maybe with its standard deviation.
    repeats : int
        Shuffles of each field.
    title, file : str
        Of the section, and name of the picture.
    """
    lacking = lacking_sides(sides, context.classes)
    known = {name: find_columns(context, names) for name, names in sides.items() if name not in lacking}
    fitter = make_fitter(context.material, context.study.config.encoder, context.study.config.seed)
    points = [_fit(context, fitter, values) for values in ParameterGrid(dict(grid))]
    points.sort(key=lambda point: -float(np.mean(point.scores)))
    best = points[0]
    importances = {
        "Loss of impurity": _impurity(context, best),
        "Loss of mean average precision": _permuted(context, best, repeats),
    }
    picture = save_picture(context, file, importances_plot(importances))
    where = "out of fold" if context.locked is None else "on the held-out cases, by the chain of each fold"
    text = [
        f"{len(points)} points, chosen by mean average precision over {len(best.scores)} folds; the best five:",
        _grid_table(points[:SHOWN]),
        f"The best one {where}:",
        _figures_table(_figures(_measured(context, best), known), published),
        *(f"Not shown: {name} ({reason})." for name, reason in lacking.items()),
        NOTE,
    ]
    return Section(title, "\n\n".join(text), (picture,))


def _fit(context: ReproduceContext, fitter: FoldFitter, values: Mapping[str, Any]) -> GridPoint:
    config = ChainConfig("metadata", (BranchConfig("random_forest", RandomForestConfig(**values)),))
    fitted = [fitter.fit(config, fold) for fold in range(fitter.n_folds)]
    parts = [(context.labels[context.folds == fold], held) for fold, (_, held) in enumerate(fitted)]
    return GridPoint(values, tuple(chain for chain, _ in fitted), parts)


def _measured(context: ReproduceContext, point: GridPoint) -> Parts:
    """Return the cases that the figures are of."""
    locked = context.locked
    if locked is None:
        return point.parts
    return [(locked.labels, chain.raw(locked.material.inputs)) for chain in point.chains]


def _figures(parts: Parts, sides: Mapping[str, tuple[int, ...]]) -> dict[str, list[float]]:
    figures = {
        "Top-1": [float(np.mean(labels == values.argmax(axis=1))) for labels, values in parts],
        "mAP": [average_precision(*part) for part in parts],
    }
    for name, positive in sides.items():
        figures[name] = [macro_auc(*against_the_rest(part, positive)) for part in parts]
    return figures


def _impurity(context: ReproduceContext, point: GridPoint) -> dict[str, FloatArray]:
    """Return each column's mean loss of impurity in every fold, of scikit-learn's forest of the same settings."""
    values = []
    for fold, chain in enumerate(point.chains):
        assert chain.encoder is not None
        training = context.folds != fold
        matrix = chain.encoder.transform(context.material.inputs.metadata.loc[training])
        seed = derive_seed(context.study.config.seed, "forest", fold)
        forest = _sklearn_forest(point.values, len(matrix), seed)
        losses = forest.fit(matrix, context.labels[training]).feature_importances_
        values.append(dict(zip(chain.encoder.columns, losses, strict=True)))
    # a level that is rare in some fold has no column of its own there
    names = dict.fromkeys(name for each in values for name in each)
    return {name: np.array([each.get(name, 0.0) for each in values]) for name in names}


def _sklearn_forest(values: Mapping[str, Any], n_rows: int, seed: int) -> RandomForestClassifier:
    config = RandomForestConfig(**values)
    rows = max(round(config.max_samples * n_rows), 1)
    return RandomForestClassifier(**{**vars(config), "max_samples": rows}, random_state=seed, n_jobs=1)


def _permuted(context: ReproduceContext, point: GridPoint, repeats: int) -> dict[str, FloatArray]:
    """Return for each field the mean loss of average precision in every fold when it is shuffled (Breiman 2001)."""
    inputs = context.material.inputs
    losses = {str(name): np.zeros(len(point.chains)) for name in inputs.metadata}
    for fold, chain in enumerate(point.chains):
        rows = np.flatnonzero(context.folds == fold)
        held, whole = inputs.take(rows), point.scores[fold]
        rng = generator(context.study.config.seed, "shuffled fields", fold)
        for name, loss in losses.items():
            orders = [rng.permutation(len(rows)) for _ in range(repeats)]
            shuffled = [chain.raw(_shuffled(held, name, order)) for order in orders]
            scores = [average_precision(context.labels[rows], each) for each in shuffled]
            loss[fold] = whole - np.mean(scores)
    return losses


def _shuffled(inputs: CaseInputs, name: str, order: IntArray) -> CaseInputs:
    metadata = inputs.metadata
    values = metadata[name].iloc[order].set_axis(metadata.index)
    return replace(inputs, metadata=metadata.assign(**{name: values}))


def _grid_table(points: list[GridPoint]) -> str:
    rows = [[*map(str, point.values.values()), format_spread(point.scores)] for point in points]
    return format_table([*points[0].values, "mAP"], rows)


def _figures_table(
    figures: Mapping[str, list[float]], published: Mapping[str, float | Sequence[float]]
) -> str:
    rows = [["ours", *(_in_words(*mean_and_deviation(values)) for values in figures.values())]]
    if published:
        paper = {name: each if isinstance(each, Sequence) else (each,) for name, each in published.items()}
        rows.append(["published", *(_in_words(*paper[name]) if name in paper else "" for name in figures)])
    return format_table(["", *figures], rows)


def _in_words(mean: float, deviation: float | None = None) -> str:
    return f"{mean:.3f}" if deviation is None else f"{mean:.3f} ({deviation:.3f})"
