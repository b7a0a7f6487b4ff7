"""What a variant came to: its study, its cells' probabilities, and what analyses are given and give back."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.data.manifest import Manifest
from automl_skin.errors import ConfigError
from automl_skin.evaluation.figures import in_times
from automl_skin.papers.study_file import Cell, Variant
from automl_skin.search.material import Material
from automl_skin.search.trial import Predictions, TrialRecord
from automl_skin.study.study import Study

State = Literal["finished", "failed", "not run"]


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Parameters
    ----------
    pictures : tuple of Path
        Files in the variant's folder of pictures, shown after the text.
    """

    title: str
    markdown: str
    pictures: tuple[Path, ...] = ()


@dataclass(frozen=True)
class LockedCells:
    """The locked cases, opened after every cell was fixed.

    Parameters
    ----------
    material : Material
        Without labels.
    labels : ndarray of shape (n_locked,)
    raw, calibrated : mapping of str to ndarray of shape (n_folds, n_locked, n_classes)
        By the cell's name what the chain of each fold says.
    when : str
        UTC, ISO 8601.
    reopened_share : float
        See `Figures`.
    """

    material: Material
    labels: IntArray
    raw: Mapping[str, FloatArray]
    calibrated: Mapping[str, FloatArray]
    when: str
    times_opened: int
    reopened_share: float = 1.0

    @property
    def opened(self) -> str:
        """How often they were opened, in words."""
        return in_times(self.times_opened, self.reopened_share)


@dataclass(frozen=True)
class CellResult:
    """What came of a cell.

    Parameters
    ----------
    reason : str
        Why it failed or was not run.
    predictions : Predictions or None
        Out-of-fold, for the development cases.
    changed : str
        What was run in place of what the file says, in words; empty where nothing was changed.
    """

    cell: Cell
    state: State
    reason: str = ""
    record: TrialRecord | None = None
    predictions: Predictions | None = None
    changed: str = ""


@dataclass(frozen=True)
class ReproduceContext:
    """A variant whose cells are done, as analyses see it.

    Parameters
    ----------
    study : Study
        The variant's own.
    material : Material
        Of the development cases.
    manifest : Manifest
        With the paths of the images; locked cases have no label in it.
    cells : mapping of str to CellResult
        All cells of the variant by name.
    folder : Path
        Where pictures go.
    changes : tuple of str
        What was changed of the file's settings, in words.
    """

    variant: Variant
    study: Study
    material: Material
    manifest: Manifest
    cells: Mapping[str, CellResult]
    folder: Path
    locked: LockedCells | None = None
    changes: tuple[str, ...] = ()

    @property
    def labels(self) -> IntArray:
        """Classes of the development cases, shape (n_cases,)."""
        return self.material.labels

    @property
    def folds(self) -> IntArray:
        """The fold that holds each development case, shape (n_cases,)."""
        return self.material.folds

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the probabilities' columns."""
        assert self.manifest.target is not None
        return tuple(self.manifest.target.classes)

    @cached_property
    def finished(self) -> dict[str, CellResult]:
        """The cells that have figures, by name."""
        return {name: each for name, each in self.cells.items() if each.state == "finished"}

    def probabilities(self, cell: str, *, calibrated: bool = False) -> FloatArray:
        """Return a finished cell's out-of-fold probabilities, shape (n_cases, n_classes).

        Raises
        ------
        ConfigError
            If the cell has none.
        """
        result = self.finished.get(cell)
        if result is None or result.predictions is None:
            raise ConfigError(
                f"{self.variant.name}: expected a finished cell ({', '.join(self.finished) or 'none has finished'}), "
                f"got {cell!r}"
            )
        return result.predictions.calibrated if calibrated else result.predictions.raw

    def parts(
        self, cell: str, *, calibrated: bool = False, locked: bool = False
    ) -> list[tuple[IntArray, FloatArray]]:
        """Return for every fold labels and probabilities: of the fold's cases, or of the locked ones by its chain."""
        if locked and self.locked is not None:
            values = self.locked.calibrated if calibrated else self.locked.raw
            return [(self.locked.labels, each) for each in values[cell]]
        probabilities = self.probabilities(cell, calibrated=calibrated)
        rows = [np.flatnonzero(self.folds == fold) for fold in range(self.material.n_folds)]
        return [(self.labels[each], probabilities[each]) for each in rows]
