"""A paper's tables with our figures beside the published ones."""

import math
from dataclasses import dataclass

from automl_skin.arrays import FloatArray
from automl_skin.papers.context import CellResult, ReproduceContext
from automl_skin.papers.markdown import format_table, mean_and_deviation
from automl_skin.papers.metrics import classes_named, published_metric
from automl_skin.papers.planned import LEFT_OUT
from automl_skin.papers.study_file import Column, Figure, Row, Table

NOTHING = "-"
CHANGED = "*"
"""Stands behind figures of a model that is not quite the paper's; the notes say in which way."""

PER_CENT = 100.0
_LONGEST_REASON = 40


@dataclass(frozen=True)
class FilledTable:
    """A table as it is printed.

    Parameters
    ----------
    columns : tuple of str
        Headings; the first is that of the labels.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def markdown(self) -> str:
        """Return the table as Markdown, without its title."""
        return "\n\n".join([format_table(self.columns, self.rows), *self.notes])


def fill_table(table: Table, context: ReproduceContext) -> FilledTable:
    """Return a table with the figures of a variant.

    Raises
    ------
    ConfigError
        If a metric is unknown.
    """
    columns = table.headed
    headings = [text for each in columns for text in (f"{each.label}, paper", f"{each.label}, ours")]
    rows = tuple(
        (row.label, *(text for each in columns for text in _pair(table, row, each, context)))
        for row in table.rows
    )
    notes = [table.note] if table.note else []
    notes += _notes(table, context)
    return FilledTable(table.title, ("", *headings), rows, tuple(notes))


def fold_values(context: ReproduceContext, cell: str, metric: str, *, locked: bool = False) -> FloatArray:
    """Return a metric of a finished cell on every fold, shape (n_folds,)."""
    wanted = published_metric(metric, context.classes)
    return wanted.on_parts(context.parts(cell, calibrated=wanted.calibrated, locked=locked))


def in_words(mean: float, deviation: float, scale: float) -> str:
    """Return a mean with its standard deviation in the paper's unit.

    Examples
    --------
    >>> in_words(0.8406, 0.0116, 100.0), in_words(0.8406, 0.0116, 1.0)
    ('84.06 ± 1.16', '0.841 ± 0.012')
    """
    if math.isnan(mean):
        return NOTHING
    digits = 2 if scale >= PER_CENT else 3
    return f"{mean * scale:.{digits}f} ± {deviation * scale:.{digits}f}"


def published_in_words(figure: Figure | None, scale: float = 1.0) -> str:
    """Return a published figure as the paper prints it: per cent with two digits, others as they are.

    Examples
    --------
    >>> published_in_words((84.6, 1.16), 100.0), published_in_words(0.9), published_in_words(None)
    ('84.60 ± 1.16', '0.9', '-')
    """
    if figure is None:
        return NOTHING
    digits = ".2f" if scale >= PER_CENT else "g"
    return " ± ".join(f"{each:{digits}}" for each in (figure if isinstance(figure, tuple) else (figure,)))


def _pair(table: Table, row: Row, column: Column, context: ReproduceContext) -> tuple[str, str]:
    """Return the published figure and ours."""
    published = published_in_words(row.published.get(column.label), table.scale)
    result = context.cells.get(row.cell_of(column))
    if result is None:
        return published, NOTHING
    if result.state != "finished":
        return published, _why(result)
    metric = row.metric or column.metric
    if not set(classes_named(metric)) <= set(context.classes):
        return published, "no such class"
    if table.on == "locked" and context.locked is None:
        return published, "not opened"
    values = fold_values(context, result.cell.name, metric, locked=table.on == "locked")
    ours = in_words(*mean_and_deviation(values), table.scale)
    return published, ours + CHANGED * bool(result.changed)


def _why(result: CellResult) -> str:
    """Return why a cell has no figure; what the user left out is said once, in the notes."""
    if result.reason in LEFT_OUT:
        return result.state
    reason = result.reason.partition(":")[0]
    short = reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]} ..."
    return f"{result.state}: {short}"


def _notes(table: Table, context: ReproduceContext) -> list[str]:
    """Say what our figures are, and whose are not quite the paper's."""
    folds = context.material.n_folds
    where = {
        "folds": f"mean ± standard deviation over {folds} folds, each on the cases that it held out",
        "locked": f"mean ± standard deviation of the {folds} folds' chains on the locked cases",
    }[table.on]
    used = [row.cell_of(column) for row in table.rows for column in table.headed]
    changed = {context.finished[name].changed for name in used if name in context.finished}
    marked = [f"{CHANGED} {text}" for text in sorted(changed) if text]
    reasons = {context.cells[name].reason for name in used if name in context.cells}
    left_out = [f"not run: {reason}" for reason in LEFT_OUT if reason in reasons]
    return [f"Ours: {where}; {', '.join(context.changes) or 'settings of the file'}.", *marked, *left_out]
