"""Which columns of a table of ticks have, together, exactly one tick in each row (Knuth's Algorithm X)."""

import numpy as np

from automl_skin.arrays import BoolArray, IntArray

MAX_STEPS = 2_000
"""Choices tried before giving up: exact cover is hard in general, and easy for tables that people make."""


def find_exact_cover(ticks: BoolArray, first: int | None = None) -> tuple[int, ...] | None:
    """Return the positions of columns that have one tick in each row, ascending, or ``None``.

    The row with the fewest columns left is covered first, by the column with the most ticks; so a set of classes is
    found before a rare column that happens to fit. The search gives up after `MAX_STEPS` choices.

    Parameters
    ----------
    ticks : array of shape (n_rows, n_columns)
    first : int, optional
        A column that must be among them.

    Examples
    --------
    >>> find_exact_cover(np.array([[1, 0, 1], [0, 1, 1]], dtype=bool))
    (2,)
    >>> find_exact_cover(np.array([[1, 1], [1, 0]], dtype=bool))
    (0,)
    """
    if not ticks.any(axis=1).all():
        return None
    clash = (ticks.T.astype(np.int64) @ ticks.astype(np.int64)) > 0
    size = ticks.sum(axis=0)
    steps = MAX_STEPS
    # each entry: columns taken, columns that may be taken still
    free = np.ones(ticks.shape[1], dtype=np.bool_)
    stack: list[tuple[tuple[int, ...], BoolArray]] = [
        ((), free) if first is None else ((first,), ~clash[first])
    ]
    while stack and steps:
        steps -= 1
        taken, free = stack.pop()
        open_rows = ~ticks[:, list(taken)].any(axis=1)
        if not open_rows.any():
            return tuple(sorted(taken))
        choices = (ticks & free)[open_rows]
        per_row: IntArray = choices.sum(axis=1)
        hardest = choices[int(per_row.argmin())]
        candidates = np.flatnonzero(hardest)
        # the last one is looked at next
        smallest_first = candidates[np.argsort(size[candidates], kind="stable")]
        stack.extend(((*taken, int(column)), free & ~clash[column]) for column in smallest_first)
    return None
