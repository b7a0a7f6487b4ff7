"""A JSON file of a study that holds one frozen dataclass."""

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from automl_skin.records import read_record, write_record

Record = TypeVar("Record")


@dataclass(frozen=True)
class RecordFile(Generic[Record]):
    """Where a record lies, and what it is.

    Parameters
    ----------
    path : Path
    kind : type
        The frozen dataclass; see `automl_skin.records`.
    """

    path: Path
    kind: type[Record]

    @property
    def exists(self) -> bool:
        """Whether it was written."""
        return self.path.is_file()

    def read(self) -> Record:
        """Return the record.

        Raises
        ------
        IntegrityError
            If the file is not JSON, or a field is missing, unknown or of another type.
        """
        return read_record(self.kind, self.path)

    def find(self) -> Record | None:
        """Return the record; None if it was not written."""
        return self.read() if self.exists else None

    def write(self, record: Record) -> None:
        """Write the record, whole or not at all."""
        write_record(self.path, record)
