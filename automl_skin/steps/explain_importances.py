"""What trials make of their inputs: permutation, the family's own importances, SHAP; by groups of columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.evaluation.plots.importances import importances_plot
from automl_skin.explain.contributions import (
    CONTRIBUTION_WORDS,
    IMPORTANCE_WORDS,
    contributions,
    native_importance,
)
from automl_skin.explain.groups import Branch, branches_of, mean_shares, permutation_importance
from automl_skin.files import write_bytes, write_text
from automl_skin.heads.logistic import LogisticHead
from automl_skin.search.material import Material
from automl_skin.search.trial import TrialRecord
from automl_skin.steps.events import Listener, start_progress
from automl_skin.steps.stack import fit_chains
from automl_skin.study.kept_chains import read_chain
from automl_skin.study.study import Study


@dataclass(frozen=True)
class Importances:
    """Importances of one trial.

    Parameters
    ----------
    panels : dict of str to dict of str to ndarray of shape (n_folds,)
        By kind of importance, by group.
    columns : DataFrame
        Columns ``fold``, ``branch``, ``column``, ``group``, ``kind``, ``value``: those of single columns.
    """

    panels: dict[str, dict[str, FloatArray]]
    columns: pd.DataFrame


def explain_inputs(study: Study, records: Sequence[TrialRecord], folder: Path, tell: Listener) -> list[str]:
    """Write the importances of some trials, a picture and a table each; return them in words."""
    lines = []
    progress = start_progress(tell, f"Importances of {len(records)} trials")
    for done, record in enumerate(records, 1):
        found = importances_of(study, record)
        name = f"importances_{record.plan.number:03d}"
        write_bytes(folder / f"{name}.png", importances_plot(found.panels))
        write_text(folder / f"{name}.csv", _as_table(found.panels).to_csv(index=False))
        if len(found.columns):
            write_text(folder / f"{name}_columns.csv", found.columns.to_csv(index=False))
        first = next(iter(found.panels.items()))
        values = sorted(first[1].items(), key=lambda pair: -float(np.mean(pair[1])))
        words = ", ".join(f"{group} {float(np.mean(value)):.3f}" for group, value in values)
        lines.append(f"{record.plan.title}: {first[0]}: {words}")
        progress(done, len(records))
    return lines


def importances_of(study: Study, record: TrialRecord) -> Importances:
    """Return what is known of one trial's inputs, by the chains that were measured."""
    material, number = Material.read(study.material), record.plan.number
    fit_chains(study, [record], [(number, fold) for fold in range(material.n_folds)])
    chains = {fold: read_chain(study, number, fold) for fold in range(material.n_folds)}
    metric = study.scored_by()
    worth = permutation_importance(
        chains, material.inputs, material.labels, material.folds, metric, seed=study.config.seed
    )
    panels = {f"loss of {metric.name} when permuted": worth}
    tables = []
    by_kind: dict[str, list[dict[str, FloatArray]]] = {}
    for fold, chain in chains.items():
        rows = np.flatnonzero(material.folds == fold)
        labels, _ = material.training_labels.take(rows).at_level(chain.config.labels)
        inputs = material.inputs.only(chain.image_names).take(rows)
        for at, branch in enumerate(branches_of(chain, inputs)):
            for kind, columns, groups in _of_branch(branch, labels):
                facts = {"fold": fold, "branch": at, "column": branch.columns, "group": branch.groups}
                tables.append(pd.DataFrame({**facts, "kind": kind, "value": columns}))
                if len(groups) > 1:
                    by_kind.setdefault(kind, []).append(groups)
    panels |= {kind: mean_shares(parts) for kind, parts in by_kind.items()}
    return Importances(panels, pd.concat(tables, ignore_index=True) if tables else pd.DataFrame())


def _of_branch(branch: Branch, labels: IntArray) -> Iterator[tuple[str, FloatArray, dict[str, FloatArray]]]:
    """Yield kind, values by column and values by group of what a head knows of its columns."""
    own = native_importance(branch.head, branch.design, labels)
    if own is not None:
        # the coefficients of columns that stand in for each other say little in sum; SHAP values below do
        is_sum = not isinstance(branch.head, LogisticHead)
        groups = branch.by_group(own / max(float(own.sum()), 1e-12)) if is_sum else {}
        yield f"share of {IMPORTANCE_WORDS[type(branch.head)]}", own, groups
    added = contributions(branch.head, branch.design)
    if added is not None:
        groups = {group: np.abs(values).mean() for group, values in branch.by_group(added).items()}
        yield CONTRIBUTION_WORDS[type(branch.head)], np.abs(added).mean(axis=(0, 2)), groups


def _as_table(panels: dict[str, dict[str, FloatArray]]) -> pd.DataFrame:
    """Return one row per kind, group and fold."""
    rows = [
        {"kind": kind, "group": group, "fold": fold, "value": value}
        for kind, groups in panels.items()
        for group, values in groups.items()
        for fold, value in enumerate(values)
    ]
    return pd.DataFrame(rows)
