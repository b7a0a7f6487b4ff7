"""The table of costs: true classes in rows, decided classes in columns.

class,benign,malignant
benign,0,1
malignant,10,0
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from automl_skin.arrays import FloatArray
from automl_skin.data.table import canonical_text, read_table
from automl_skin.data.wording import list_some
from automl_skin.errors import TableError


def read_costs(path: Path, classes: Sequence[str]) -> FloatArray:
    """Read what deciding each class for each true class costs.

    Parameters
    ----------
    path : Path
        A table whose first column names the true classes, and whose other columns are the decided ones.
    classes : sequence of str
        Of the target.

    Returns
    -------
    array of shape (n_classes, n_classes)
        In the order of the classes.

    Raises
    ------
    TableError
        If a class is missing, unknown or named twice, a cost is no number of 0 or more, or all costs are equal in a
        row, so that no decision matters.
    """
    table = read_table(path)
    rows = canonical_text(table.iloc[:, 0]).fillna("").astype(str)
    for what, names in (("row", list(rows)), ("column", list(map(str, table.columns[1:])))):
        _check_names(path, what, names, classes)
    cells = table.set_axis(pd.Index(rows)).loc[list(classes), list(classes)]
    numbers: FloatArray = cells.apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    wrong = np.argwhere(~(np.isfinite(numbers) & (numbers >= 0)))
    if len(wrong):
        row, column = wrong[0]
        message = (
            f"--costs {path}: expected numbers of 0 or more, got {cells.iloc[row, column]!r} for deciding "
            f"{classes[column]} where {classes[row]} is true"
        )
        raise TableError(f"{message} ({len(wrong)} such cells); correct them")
    if (numbers == numbers[:, :1]).all():
        raise TableError(
            f"--costs {path}: expected wrong decisions to cost more than right ones, got equal costs in every row; "
            "put 0 on the diagonal"
        )
    return numbers


def _check_names(path: Path, what: str, names: Sequence[str], classes: Sequence[str]) -> None:
    missing = [name for name in classes if name not in names]
    strange = [name for name in names if name not in classes]
    twice = sorted({name for name in names if list(names).count(name) > 1})
    problems = [
        f"{text} {list_some(found)}"
        for text, found in (("none for", missing), ("one for", strange), ("several for", twice))
        if found
    ]
    if problems:
        message = (
            f"--costs {path}: expected one {what} per class ({', '.join(classes)}), got {'; '.join(problems)}"
        )
        raise TableError(f"{message}; correct the table")
