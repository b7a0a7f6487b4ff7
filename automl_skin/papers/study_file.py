"""The tables of a `study.toml` that make it the reproduction of a paper.

The flat settings on top are those of a search, which ignores what follows; see `automl_skin.study.settings_file`::

    [paper]       citation, what, needs, took, expected
    [tunings]     NAME = "full epochs=100 ..."
    [[variant]]   name, title, settings, smoke, preparation, options
    [[cell]]      name, choose, fields, variants, own_backbone
    [[table]]     title, note, columns, rows, variants
    [[analysis]]  name, options, variants
    [[world]]     of the honesty bench, which has neither variants nor cells; see `automl_skin.papers.honesty`

What many cells share of their tuning has a name in *tunings*, after which a cell may write changes of its own. A
*variant* is one way to divide and prepare the data, and becomes a study of its own. A *cell* is one model, written
down as answers to the questions of the search space, and becomes a trial of every variant that it is of. A *table* is
the paper's, with our figures beside the published ones.
"""

from collections.abc import Sequence
from dataclasses import field
from typing import Any, Literal

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass as checked_dataclass

from automl_skin.backbones.tuning.names import TUNINGS
from automl_skin.errors import ConfigError
from automl_skin.heads.space import Value
from automl_skin.papers.honesty.worlds import World

Figure = float | tuple[float, float]
"""A published figure: a mean, or mean and standard deviation over folds."""

_STRICT = ConfigDict(extra="forbid")


@checked_dataclass(frozen=True, config=_STRICT)
class Paper:
    """Which paper, and what running its study takes.

    Parameters
    ----------
    citation, what : str
        The paper, and its system in a sentence.
    needs : str
        The data that the study needs.
    took : str
        How long it took, and where.
    expected : str
        The main figure to expect.
    """

    citation: str
    what: str
    needs: str
    took: str = ""
    expected: str = ""


@checked_dataclass(frozen=True, config=_STRICT)
class Variant:
    """One way to divide and prepare the data: a study of its own, of which every cell is a trial.

    Parameters
    ----------
    settings : mapping
        Of a study, over those on top of the file.
    synthetic : mapping
        Which synthetic data stand in where no table is given; see `automl_skin.papers.synthetic`. Empty: a table
        must be given.
    smoke : mapping
        What ``--smoke`` changes of the settings, and which synthetic data it is run on.
    preparation : str
        Name in `PREPARATIONS` of what is done to the table first; empty for nothing.
    options : mapping
        Of the preparation.
    """

    name: str
    title: str
    settings: dict[str, Any] = field(default_factory=dict)
    synthetic: dict[str, Any] = field(default_factory=dict)
    smoke: dict[str, Any] = field(default_factory=dict)
    preparation: str = ""
    options: dict[str, Any] = field(default_factory=dict)


@checked_dataclass(frozen=True, config=_STRICT)
class Cell:
    """One model of a paper.

    Parameters
    ----------
    choose : mapping of str to value
        The model as a run's parameters name it (backbone, tuning, way, fusion, head, hyperparameters with the
        family's prefix); what is not given has the default of the search space.
    fields : tuple of str
        Metadata fields that the model sees; empty for all.
    variants : tuple of str
        Of which it is a trial; empty for all.
    own_backbone : bool
        Whether the cell is about its very backbone, so that ``--backbone`` does not put another one in its place.
    """

    name: str
    choose: dict[str, Value]
    fields: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    own_backbone: bool = False

    @property
    def backbone(self) -> str:
        """Name of its network; empty for a model of metadata alone, and for the study's first one."""
        return str(self.choose.get("backbone", ""))

    @property
    def tuning(self) -> str:
        """Its tuning as in ``--tuning``; empty for frozen networks."""
        return str(self.choose.get("tuning", ""))


@checked_dataclass(frozen=True, config=_STRICT)
class Column:
    """A column of a table: its heading, and the metric in it unless the row names another."""

    label: str
    metric: str = ""


@checked_dataclass(frozen=True, config=_STRICT)
class Row:
    """A row of a table.

    Parameters
    ----------
    cell : str
        Whose figures stand in it.
    cells : mapping of str to str
        By a column's label, where the columns are different cells.
    metric : str
        Of the whole row; empty for those of the columns.
    published : mapping of str to float or (float, float)
        By a column's label the paper's figure, maybe with its standard deviation.
    """

    label: str
    cell: str = ""
    cells: dict[str, str] = field(default_factory=dict)
    metric: str = ""
    published: dict[str, Figure] = field(default_factory=dict)

    def cell_of(self, column: Column) -> str:
        """Return the name of the cell in a column; empty where the paper alone has a figure."""
        return self.cells.get(column.label, self.cell)


@checked_dataclass(frozen=True, config=_STRICT)
class Table:
    """A table of the paper.

    Parameters
    ----------
    columns : tuple of Column or str
        A word stands for a column of that metric.
    note : str
        What must be known to compare the figures.
    scale : float
        Factor of our figures in the paper's unit: 100 for per cent.
    on : {"folds", "locked"}
        Whether our figures are of each fold's own cases, or of the locked ones by the chain of each fold.
    variants : tuple of str
        For which it is printed; empty for all.
    """

    title: str
    columns: tuple[Column | str, ...]
    rows: tuple[Row, ...]
    note: str = ""
    scale: float = 1.0
    on: Literal["folds", "locked"] = "folds"
    variants: tuple[str, ...] = ()

    @property
    def headed(self) -> tuple[Column, ...]:
        """The columns, each with heading and metric."""
        return tuple(Column(each, each) if isinstance(each, str) else each for each in self.columns)


@checked_dataclass(frozen=True, config=_STRICT)
class AnalysisCall:
    """An analysis of `ANALYSES` with its options, done for some variants (all by default)."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    variants: tuple[str, ...] = ()


@checked_dataclass(frozen=True, config=_STRICT)
class StudyFile:
    """A paper's study as its file says it.

    Parameters
    ----------
    settings : mapping
        Of a search, not yet checked.
    tunings : mapping of str to str
        Tunings of the paper by name, in terms of the general ones. The cells that name them are read in those terms.
    worlds : tuple of World
        Of the honesty bench; empty for a paper.
    """

    name: str
    settings: dict[str, Any]
    paper: Paper
    variants: tuple[Variant, ...]
    cells: tuple[Cell, ...]
    tunings: dict[str, str] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    analyses: tuple[AnalysisCall, ...] = ()
    worlds: tuple[World, ...] = ()

    def __post_init__(self) -> None:
        if self.worlds:
            return
        for name in set(self.tunings) & set(TUNINGS):
            raise ConfigError(f"tunings of {self.name}: expected names of its own, got the general {name!r}")
        names = [each.name for each in self.variants]
        cells = [each.name for each in self.cells]
        for what, mine in (("variants", names), ("cells", cells)):
            if not mine or len(set(mine)) < len(mine):
                raise ConfigError(
                    f"the {what} of {self.name}: expected one or more with different names, got {mine}"
                )
        limited = [cell.variants for cell in self.cells] + [table.variants for table in self.tables]
        for given in [*limited, *(call.variants for call in self.analyses)]:
            _check_names(self.name, "variant", given, names)
        for variant in self.variants:
            its_own = [each.name for each in self.cells_of(variant.name)]
            _check_names(self.name, f"cell of {variant.name}", variant.smoke.get("cells", ()), its_own)
        for table in self.tables:
            labels = [column.label for column in table.headed]
            for row in table.rows:
                used = [row.cell, *row.cells.values()]
                _check_names(self.name, "cell", [name for name in used if name], cells)
                _check_names(self.name, "column", [*row.cells, *row.published], labels)

    def cells_of(self, variant: str) -> tuple[Cell, ...]:
        """Return the cells of a variant, in the file's order."""
        return tuple(each for each in self.cells if variant in (each.variants or (variant,)))


def _check_names(study: str, what: str, given: Sequence[str], known: Sequence[str]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ConfigError(
            f"the file of the study {study}: expected each {what} to be one that it defines "
            f"({', '.join(known) or 'none'}), got {unknown[0]!r}"
        )
