"""What a paper did to its table first: which cases it took, what it called their classes, and how it drew folds."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from automl_skin.errors import ConfigError, TableError
from automl_skin.seeding import generator

Preparation = Callable[[pd.DataFrame, Mapping[str, Any]], pd.DataFrame]
"""``(table, options) -> table``; all columns are text as it stands in the file, and NA where missing."""

OPTIONS = ("target", "only", "known", "classes", "balance", "cases", "seed", "folds")
"""Every preparation is told the study's target, seed and folds; the last of them is not looked at here."""


def chosen_cases(table: pd.DataFrame, options: Mapping[str, Any]) -> pd.DataFrame:
    """Leave out rows, name classes, and draw as many rows of each side as there are to be.

    Parameters
    ----------
    table : DataFrame
        One row per case.
    options : mapping
        ``target``: column of the diagnosis;
        ``only``: by column the values whose rows are kept (``{dx_type = ["histo"]}``);
        ``known``: columns whose missing rows are left out;
        ``classes``: by class the values of the target that it takes (rows of other values are left out);
        ``balance``: one side as values of the target (after ``classes``), the others are the other side; a single
        ``"classes"`` makes every class a side; absent, nothing is drawn;
        ``cases``: rows of each side (as many as the smallest side has); ``seed`` (0).

    Returns
    -------
    DataFrame
        The chosen rows in the order of `table`.

    Raises
    ------
    ConfigError
        If an option is unknown.
    TableError
        If a column is not there, no row is left, or a side has too few rows.

    Examples
    --------
    >>> table = pd.DataFrame({"dx": ["nv", "nv", "mel", "vasc"], "sex": ["male", None, "male", "male"]})
    >>> options = {"target": "dx", "known": ["sex"], "classes": {"benign": ["nv", "vasc"], "malignant": ["mel"]}}
    >>> chosen_cases(table, options)["dx"].tolist()
    ['benign', 'malignant', 'benign']
    """
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise ConfigError(f"chosen_cases: expected options of {', '.join(OPTIONS)}, got {unknown[0]!r}")
    target, only, known = str(options["target"]), options.get("only", {}), options.get("known", ())
    _require_columns(table, (target, *only, *known))
    for column, values in only.items():
        table = table[table[column].astype("str").isin([str(value) for value in values])]
    table = table.dropna(subset=[target, *known])
    if "classes" in options:
        table = _named(table, target, options["classes"])
    if "balance" in options:
        table = _balanced(table, target, options)
    if table.empty:
        raise TableError(f"chosen_cases: no row is left with {dict(options)}; look at the table's values")
    return table


def _named(table: pd.DataFrame, target: str, classes: Mapping[str, Any]) -> pd.DataFrame:
    class_of = {str(value): name for name, values in classes.items() for value in values}
    named = table[target].astype("str").map(class_of)
    return table.assign(**{target: named}).dropna(subset=[target])


def _balanced(table: pd.DataFrame, target: str, options: Mapping[str, Any]) -> pd.DataFrame:
    values, side = table[target].astype("str"), options["balance"]
    sides = values if side == "classes" else values.isin([str(value) for value in side])
    counts = sides.value_counts()
    wanted = int(options.get("cases", 0)) or int(counts.min())
    if len(counts) < 2 or counts.min() < wanted:
        raise TableError(
            f"each side of {side} in {target!r}: expected {wanted:,} rows, got "
            f"{', '.join(f'{name}: {count:,}' for name, count in counts.items())}; set `cases` to fewer"
        )
    rng = generator(int(options.get("seed", 0)), "balanced cases")
    drawn = [rng.choice(rows, wanted, replace=False) for _, rows in _positions(sides)]
    return table.iloc[np.sort(np.concatenate(drawn))]


def _positions(sides: "pd.Series[Any]") -> list[tuple[str, Any]]:
    """Return the positions of the rows of each side, in the order of the sides' names."""
    names = sides.astype("str").to_numpy()
    return [(name, np.flatnonzero(names == name)) for name in sorted(set(names.tolist()))]


def _require_columns(table: pd.DataFrame, names: tuple[str, ...]) -> None:
    absent = [name for name in names if name not in table]
    if absent:
        raise TableError(f"expected a column {absent[0]!r}, got {', '.join(map(str, table))}")


def image_folds(table: pd.DataFrame, options: Mapping[str, Any]) -> pd.DataFrame:
    """Deal the rows of each class into folds at random: photographs of one lesion may lie on both sides.

    Parameters
    ----------
    options : mapping
        ``target``: column of the diagnosis; ``folds`` (5), ``seed`` (0), and ``column`` ("fold"): what the new
        column is called.

    Returns
    -------
    DataFrame
        With a column of fold numbers from 0, as text.

    Raises
    ------
    TableError
        If the table has no such target.
    """
    target, column = str(options["target"]), str(options.get("column", "fold"))
    _require_columns(table, (target,))
    n_folds, folds = int(options.get("folds", 5)), pd.Series(0, index=table.index)
    rng = generator(int(options.get("seed", 0)), "image folds")
    dealt = 0
    for rows in table.groupby(target, sort=True).groups.values():
        order = rng.permutation(np.asarray(rows))
        folds.loc[order] = (np.arange(len(order)) + dealt) % n_folds
        dealt += len(order)
    return table.assign(**{column: folds.astype("str")})


PREPARATIONS: dict[str, Preparation] = {
    "chosen_cases": chosen_cases,
    "image_folds": image_folds,
}


def preparation_by_name(name: str) -> Preparation:
    """Return a preparation.

    Raises
    ------
    ConfigError
        If the name is unknown.
    """
    if name not in PREPARATIONS:
        raise ConfigError(f"preparation: expected one of {', '.join(PREPARATIONS)}, got {name!r}")
    return PREPARATIONS[name]
