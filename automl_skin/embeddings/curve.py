"""The curve of a training as a file: one row per epoch, whole whenever it is read."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, fields
from io import StringIO
from pathlib import Path

from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.errors import IntegrityError
from automl_skin.files import write_text

FILE_NAME = "curve.csv"

_COLUMNS = [field.name for field in fields(Epoch)]


def write_curve(folder: Path, curve: Sequence[Epoch]) -> None:
    """Write ``curve.csv``; numbers come back as they were."""
    text = StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(epoch) for epoch in curve)
    write_text(folder / FILE_NAME, text.getvalue())


def read_curve(folder: Path) -> tuple[Epoch, ...]:
    """Read ``curve.csv``; without the file there are no epochs.

    Raises
    ------
    IntegrityError
        If it is not what `write_curve` writes.
    """
    path = folder / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):  # not trained, or its folder was moved meanwhile
        return ()
    try:
        return tuple(_epoch(row) for row in csv.DictReader(StringIO(text)))
    except (TypeError, ValueError, KeyError) as error:
        message = f"{path}: expected the columns {', '.join(_COLUMNS)} with numbers, got others ({error})"
        raise IntegrityError(f"{message}; it was changed after it was written") from error


def _epoch(row: dict[str, str]) -> Epoch:
    number, epochs, *measured = (row[name] for name in _COLUMNS)
    return Epoch(int(number), int(epochs), *map(float, measured))
