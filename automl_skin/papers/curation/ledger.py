"""A table under curation, with what was done to it: counts after each step, and every row that was dropped or changed.

Rows go by ``(table, row)``: the name of the file that they come from and their number in it, the first row of data
being row 1.
"""

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from automl_skin.papers.curation.rules import MEL, NON_MEL, TARGET

ROW = ("table", "row")
ENTRY = ("table", "row", "image", "step", "done", "column", "before", "after", "why")
"""Columns of the record; ``done`` is dropped or changed."""


@dataclass(frozen=True)
class Count:
    """How many rows were left after a step.

    Parameters
    ----------
    rows, dropped, changed : int
        Rows that were left; rows that the step took away, and rows with a value that it changed.
    melanoma, other : int or None
        Rows of each class; None before there are classes.
    """

    step: str
    rows: int
    dropped: int = 0
    changed: int = 0
    melanoma: int | None = None
    other: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Ledger:
    """A table, and what was done to it.

    Parameters
    ----------
    table : DataFrame
        Index ``(table, row)``.
    images : Series
        The image id of each row ever seen, for the record.
    entries : tuple of DataFrame
        Columns `ENTRY`.
    """

    table: pd.DataFrame
    images: "pd.Series[str]"
    counts: tuple[Count, ...] = ()
    entries: tuple[pd.DataFrame, ...] = ()

    @property
    def record(self) -> pd.DataFrame:
        """Every row that was dropped and every value that was changed, in the order of the steps."""
        return pd.concat(self.entries, ignore_index=True) if self.entries else pd.DataFrame(columns=[*ENTRY])

    def counted(self, step: str, *, dropped: int = 0, changed: int = 0, note: str = "") -> "Ledger":
        """Return the ledger with a count of what is left."""
        classes = self.table[TARGET].value_counts() if TARGET in self.table else None
        melanoma = None if classes is None else int(classes.get(MEL, 0))
        other = None if classes is None else int(classes.get(NON_MEL, 0))
        count = Count(step, len(self.table), dropped, changed, melanoma, other, note)
        return replace(self, counts=(*self.counts, count))

    def without(self, step: str, why: "pd.Series[str]", note: str = "") -> "Ledger":
        """Drop rows.

        Parameters
        ----------
        why : Series
            Reason by row; its index are the rows to drop.
        note : str
            Of the step's count.
        """
        table = self.table[~self.table.index.isin(why.index)]
        entry = self._entry(step, "dropped", pd.DataFrame({"why": why}))
        return replace(self, table=table, entries=(*self.entries, entry)).counted(
            step, dropped=len(why), note=note
        )

    def with_values(self, step: str, column: str, values: "pd.Series[Any]", why: str) -> "Ledger":
        """Replace the values of some rows in a column; `values` are by row. What it counts, the caller says."""
        before = self.table.loc[values.index, column]
        table = self.table.assign(
            **{column: values.reindex(self.table.index).combine_first(self.table[column])}
        )
        facts = {"column": column, "before": before, "after": values, "why": why}
        entry = self._entry(step, "changed", pd.DataFrame(facts, index=values.index))
        return replace(self, table=table, entries=(*self.entries, entry))

    def _entry(self, step: str, done: str, facts: pd.DataFrame) -> pd.DataFrame:
        """Return rows of the record."""
        named = facts.assign(image=self.images.loc[facts.index], step=step, done=done)
        return named.reset_index(names=list(ROW)).reindex(columns=list(ENTRY)).astype("object")


def begin(table: pd.DataFrame, images: "pd.Series[str]") -> Ledger:
    """Return the ledger of a table on which nothing was done yet."""
    return Ledger(table, images).counted("records")
