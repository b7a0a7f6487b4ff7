"""Folds of single images, as many papers drew them: photographs of one lesion may lie on both sides."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from automl_skin.errors import TableError
from automl_skin.seeding import generator


def image_folds(table: pd.DataFrame, options: Mapping[str, Any]) -> pd.DataFrame:
    """Deal the rows of each class into folds at random, whatever belongs together.

    Parameters
    ----------
    table : DataFrame
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
    if target not in table:
        raise TableError(
            f"image-level folds need the column {target!r}; the table has {', '.join(map(str, table))}"
        )
    n_folds, folds = int(options.get("folds", 5)), pd.Series(0, index=table.index)
    rng = generator(int(options.get("seed", 0)), "image folds")
    dealt = 0
    for rows in table.groupby(target, sort=True).groups.values():
        order = rng.permutation(np.asarray(rows))
        folds.loc[order] = (np.arange(len(order)) + dealt) % n_folds
        dealt += len(order)
    return table.assign(**{column: folds.astype("str")})
