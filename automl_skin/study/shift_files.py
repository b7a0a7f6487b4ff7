"""Figures under shift on disk: ``shifts.json``, and in ``shifts.parquet`` the stack's probabilities behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from automl_skin.arrays import FloatArray
from automl_skin.data.record import write_parquet
from automl_skin.evaluation.shifts import ShiftFigures
from automl_skin.records import read_record, write_record
from automl_skin.stacking.stack import Stack


@dataclass(frozen=True)
class ShiftFiles:
    """Where the figures under shift lie.

    Parameters
    ----------
    folder : Path
        Of the study.
    """

    folder: Path

    @property
    def path(self) -> Path:
        """The file of the figures."""
        return self.folder / "shifts.json"

    def write(self, figures: ShiftFigures, answers: Sequence[FloatArray], cases: pd.DataFrame) -> None:
        """Write the figures of a stack and of trials.

        Parameters
        ----------
        answers : sequence of ndarray of shape (n_sampled, n_classes)
            The stack's probabilities of the sampled cases: unshifted, then under every shift.
        cases : DataFrame of n_sampled rows
            The sampled cases of the material.
        """
        tables = [
            pd.DataFrame(
                {
                    "case": cases.index,
                    "shift": shift,
                    "fold": cases["fold"].to_numpy(),
                    **{f"probability_{label}": each[:, label] for label in range(each.shape[1])},
                }
            )
            for shift, each in zip(("", *figures.shifts), answers, strict=True)
        ]
        write_parquet(self.folder / "shifts.parquet", pd.concat(tables, ignore_index=True))
        write_record(self.path, figures)

    def read(self, stack: Stack | None = None) -> ShiftFigures | None:
        """Return what was measured; None if nothing was, or for another stack than `stack`."""
        if not self.path.is_file():
            return None
        figures = read_record(ShiftFigures, self.path)
        return None if stack is not None and figures.stack != stack.digest else figures
