"""Of whom a study's cases are: the levels for which a model is measured once more."""

import pandas as pd

from automl_skin.evaluation.levels import split_columns
from automl_skin.search.material import Material
from automl_skin.study.development_labels import read_development_labels
from automl_skin.study.study import Study
from automl_skin.study.understood import read_sources

MAX_VALUES = 20
"""Quarantined columns with more values than this are not worth a table of subgroups."""

SOURCE = "source"


def development_levels(study: Study, development: Material) -> pd.DataFrame:
    """Return the levels of the development cases in metadata, source, and what was quarantined or ignored."""
    return split_columns(_development_columns(study, development))


def locked_levels(
    study: Study, development: Material, locked: Material, labels: pd.DataFrame
) -> pd.DataFrame:
    """Return the levels of opened locked cases, cut where those of the development cases are.

    Parameters
    ----------
    labels : DataFrame of n_locked rows
        As `LockedPart.open` returned them.
    """
    like = _development_columns(study, development)
    return split_columns(_columns(study, locked, labels).reindex(columns=like.columns), like)


def _development_columns(study: Study, development: Material) -> pd.DataFrame:
    columns = _columns(study, development, read_development_labels(study))
    counts = columns.drop(columns=[*development.inputs.metadata]).nunique()
    useless = [name for name, count in counts.items() if count > MAX_VALUES or (name == SOURCE and count < 2)]
    return columns.drop(columns=useless)


def _columns(study: Study, material: Material, labels: pd.DataFrame) -> pd.DataFrame:
    cases = material.cases.index
    others = [name for name in labels if str(name).startswith("other_")]
    found = labels.loc[cases, others].rename(columns=lambda name: str(name).removeprefix("other_"))
    found[SOURCE] = read_sources(study).reindex(cases)
    metadata = material.inputs.metadata
    return pd.concat([metadata, found[found.columns.difference(metadata.columns, sort=False)]], axis=1)
