"""Melanoma or not, and as many rows of each (Ahammed et al. 2025, section 4.1)."""

import numpy as np
import pandas as pd

from automl_skin.arrays import IntArray
from automl_skin.data.table import canonical_text
from automl_skin.errors import TableError
from automl_skin.papers.curation.rules import MEL, NON_MEL, SPLIT, TARGET, CurationRules
from automl_skin.seeding import generator

BALANCED = "balanced 1:1"
"""The name of that step."""


def classes_of(table: pd.DataFrame, rules: CurationRules) -> "pd.Series[str]":
    """Return `MEL` or `NON_MEL` for each row, NA for unlabelled rows that should be dropped."""
    values = canonical_text(table[rules.class_column]).str.lower()
    is_melanoma = values.isin([value.lower() for value in rules.melanoma])
    classes = is_melanoma.map({True: MEL, False: NON_MEL}).astype("str")
    return classes.mask(values.isna()) if rules.unlabelled == "drop" else classes


def require_both_classes(table: pd.DataFrame, classes: "pd.Series[str]", rules: CurationRules) -> None:
    """Refuse a table of one class.

    Raises
    ------
    TableError
        If no row, or every row, is melanoma.
    """
    if {MEL, NON_MEL} <= set(classes.dropna()):
        return
    counts = canonical_text(table[rules.class_column]).value_counts().head(10)
    found = ", ".join(f"{value} ({count})" for value, count in counts.items())
    raise TableError(
        f"column {rules.class_column!r}: expected melanoma ({', '.join(rules.melanoma)}) and other values, "
        f"got {found or 'no value'}; give --class-column or --melanoma"
    )


def surplus(table: pd.DataFrame, rules: CurationRules) -> tuple["pd.Series[str]", str]:
    """Return the rows that balancing drops, with the reason, and a note on what it could not keep to.

    Within each part of a split, and within each value of ``rules.balance_within``, each class keeps as many rows as
    the rarer one has, drawn by the seed.
    """
    columns = [name for name in (SPLIT, rules.balance_within) if name and name in table]
    strata = pd.Series("all", index=table.index, dtype="str")
    if columns:
        strata = table[columns].astype("str").fillna("none").agg(", ".join, axis=1)
    dropped, short = [], 0
    for name, part in table.groupby(strata, sort=True):
        wanted = int(part[TARGET].value_counts().reindex([MEL, NON_MEL], fill_value=0).min())
        for label in (MEL, NON_MEL):
            rows = part[part[TARGET] == label]
            incomplete = rows[list(rules.fields)].isna().any(axis=1).to_numpy(dtype=bool)
            restrict = rules.complete_negatives and label == NON_MEL
            short += max(wanted - int((~incomplete).sum()), 0) if restrict else 0
            rng = generator(rules.seed, "balance", str(name), label)
            kept = _draw(incomplete if restrict else np.zeros(len(rows), dtype=bool), wanted, rng)
            dropped.append(rows.index.delete(kept))
    why = pd.concat(
        [pd.Series("surplus of its class, by the seed", index=index, dtype="str") for index in dropped]
    )
    note = f"{short} NON-MEL rows with missing fields were needed" if short else ""
    return why, note


def _draw(
    last: np.ndarray[tuple[int], np.dtype[np.bool_]], wanted: int, rng: np.random.Generator
) -> IntArray:
    """Draw `wanted` positions; those in `last` only when the others do not suffice."""
    order = rng.permutation(len(last))
    return np.sort(order[np.argsort(last[order], kind="stable")][:wanted])
