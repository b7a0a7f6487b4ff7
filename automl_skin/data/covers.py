"""Sets of columns of ticks that have, together, one tick in each row (or nearly each), and so say what the target is.

An exact cover (Knuth's Algorithm X) is lost by the first row that nobody labelled. In a near cover a few rows may have
no tick, or several. So that honest metadata are not taken for classes, a near cover is believed only where the rows of
the rarer levels fit it too: the two columns of the sex cover all rows of a table of 99 % naevi, but each melanoma has a
tick too many.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from automl_skin.arrays import BoolArray, IntArray

MAX_STEPS = 2_000
"""Choices tried before giving up: exact cover is hard in general, and easy for tables that people make."""
MAX_OFFENDING = 0.05
"""Share of a table's rows that may have no tick, or several."""
MAX_IMPURE = 0.02
"""Share of a column's ticked rows (one is always allowed) that may be of another level than the rest."""
MAX_SHARED = 0.1
"""Share of a column's ticked rows (one is allowed, but never more than half) where another column is ticked too."""
MIN_ROWS = 20
MIN_ROWS_OF_PAIR = 100
"""Rows that a cover needs, and one of two columns: in a small table one good sign is nearly its target."""
MIN_RARER_ROWS = 5
MIN_RARER_ROWS_OF_PAIR = 10
"""Fitting rows of other levels than the most frequent one: fewer are left out of columns by chance."""
MIN_RARER_FIT = 0.9
"""Share of those rows that must fit: of 5 % melanomas an honest sign may miss half, and offend in few rows of all."""


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


@dataclass(frozen=True)
class NearCover:
    """Columns of which one is ticked in nearly each row.

    Parameters
    ----------
    offending : bool array of shape (n_rows,)
        Where none is ticked, several are, or one that speaks for another level.
    """

    columns: tuple[str, ...]
    offending: BoolArray


def find_near_covers(
    ticks: Mapping[str, BoolArray], codes: IntArray, positive: BoolArray | None = None
) -> list[NearCover]:
    """Return sets of columns that nearly cover the rows and tell the levels apart.

    From each column on, the largest ones that hardly share a tick with those before are added. That is greedy, and
    quick: 73 columns of 10,000 rows take less than a second.

    Parameters
    ----------
    ticks : mapping of str to bool array of shape (n_rows,)
    codes : array of shape (n_rows,)
        The level of the target, from 0.
    positive : bool array of shape (n_rows,), optional
        The target's own ticks, where it is itself one of the columns.
    """
    if len(codes) < MIN_ROWS:
        return []
    own = np.zeros(len(codes), dtype=np.bool_) if positive is None else positive
    pure = {
        name: ticked
        for name, ticked in ticks.items()
        if is_nearly_pure(ticked, codes) and not _most(ticked, own)
    }
    if not pure:
        return []
    names, matrix = list(pure), np.column_stack(list(pure.values()))
    order = np.argsort(-matrix.sum(axis=0), kind="stable")
    covers: list[NearCover] = []
    for seed in map(int, order):
        if any(names[seed] in cover.columns for cover in covers):
            continue
        taken = _grow(matrix, own, seed, order)
        offending = _find_offending(matrix[:, taken], own, codes)
        is_pair = len(taken) + int(own.any()) <= 2
        if _is_believed(offending, codes, is_pair=is_pair) and _fits(matrix[:, taken], own, is_pair=is_pair):
            covers.append(NearCover(tuple(names[column] for column in taken), offending))
    return covers


def is_nearly_pure(ticked: BoolArray, codes: IntArray) -> bool:
    """Whether the ticked rows of a column are of one level, but for one row or very few."""
    if not ticked.any():
        return False
    sizes = np.bincount(codes[ticked])
    rest = int(sizes.sum() - sizes.max())
    return rest <= max(1, int(MAX_IMPURE * sizes.sum())) and 2 * rest <= int(sizes.sum())


def _most(ticked: BoolArray, own: BoolArray) -> bool:
    """Whether most ticks of a column are in the rows of the target's own: it repeats it and is not beside it."""
    return 2 * int((ticked & own).sum()) > int(ticked.sum())


def _grow(matrix: BoolArray, own: BoolArray, seed: int, order: IntArray) -> list[int]:
    """Return a column with the largest ones that hardly share a tick with it and with each other."""
    allowed = _allowed(matrix)
    taken, covered = [seed], own | matrix[:, seed]
    for column in map(int, order):
        if column != seed and int((matrix[:, column] & covered).sum()) <= allowed[column]:
            taken.append(column)
            covered = covered | matrix[:, column]
    return sorted(taken)


def _allowed(matrix: BoolArray) -> IntArray:
    """Return how many ticks each column may share with the others of its set."""
    sizes: IntArray = matrix.sum(axis=0)
    return np.minimum(np.maximum(1, (MAX_SHARED * sizes).astype(np.int64)), sizes // 2)


def _find_offending(matrix: BoolArray, own: BoolArray, codes: IntArray) -> BoolArray:
    """Return the rows without a single tick, and those whose tick speaks for another level."""
    speaks_for = np.array([np.bincount(codes[ticked]).argmax() for ticked in matrix.T])
    single = matrix.sum(axis=1) + own == 1
    return np.asarray(~single | (matrix & (codes[:, None] != speaks_for)).any(axis=1), dtype=np.bool_)


def _fits(matrix: BoolArray, own: BoolArray, *, is_pair: bool) -> bool:
    """Whether no column shares more ticks with the others than mistakes explain: else it is of no class."""
    several = matrix.sum(axis=1) + own > 1
    allowed = np.minimum(_allowed(matrix), 1) if is_pair else _allowed(matrix)
    return bool((matrix[several].sum(axis=0) <= allowed).all())


def _is_believed(offending: BoolArray, codes: IntArray, *, is_pair: bool) -> bool:
    """Whether so few rows offend, and enough rows of the rarer levels fit, that it cannot well be chance."""
    rarer = codes != np.bincount(codes).argmax()
    fitting = int((rarer & ~offending).sum())
    return bool(
        len(codes) >= (MIN_ROWS_OF_PAIR if is_pair else MIN_ROWS)
        and offending.mean() <= MAX_OFFENDING
        and fitting >= (MIN_RARER_ROWS_OF_PAIR if is_pair else MIN_RARER_ROWS)
        and fitting >= MIN_RARER_FIT * int(rarer.sum())
    )
