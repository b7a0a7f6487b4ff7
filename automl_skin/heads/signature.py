"""What a fitted head expects and answers: its columns and its classes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from automl_skin.arrays import FloatArray
from automl_skin.errors import IntegrityError
from automl_skin.heads.design import Design
from automl_skin.heads.training import Targets, spread_classes
from automl_skin.records import read_record, write_record

FILE_NAME = "head.json"
MAX_COLUMNS = 1_000_000
MAX_CLASSES = 10_000


@dataclass(frozen=True)
class Signature:
    """Columns of the design that a head was fitted on, and the classes it has seen.

    Parameters
    ----------
    n_columns, image_columns : int
        As in `Design`.
    classes : tuple of int
        The classes that were present in training, ascending.
    n_classes : int
        All classes.
    """

    n_columns: int
    image_columns: int
    classes: tuple[int, ...]
    n_classes: int

    @classmethod
    def of(cls, design: Design, targets: Targets) -> "Signature":
        """Return the signature of a head that is fitted on `design` and `targets`."""
        return cls(design.n_columns, design.image_columns, tuple(targets.classes.tolist()), targets.n_classes)

    @property
    def n_scores(self) -> int:
        """Scores of a head that has one for two classes (the second against the first), else one per class."""
        return 1 if len(self.classes) == 2 else len(self.classes)  # two classes

    def check(self, design: Design) -> None:
        """Raise an `InputError` unless `design` has the columns that the head was fitted on."""
        design.check_columns(self.n_columns, self.image_columns)

    def spread(self, probabilities: FloatArray) -> FloatArray:
        """Return probabilities of all classes from those of the present ones."""
        return spread_classes(probabilities, np.asarray(self.classes), self.n_classes)

    def write(self, folder: Path) -> None:
        """Write ``head.json``."""
        write_record(folder / FILE_NAME, self)

    @classmethod
    def read(cls, folder: Path) -> "Signature":
        """Read what `write` wrote.

        Raises
        ------
        IntegrityError
            If the file is damaged, or its numbers do not fit each other.
        """
        signature = read_record(cls, folder / FILE_NAME)
        classes = signature.classes
        fits = (
            1 <= signature.n_columns <= MAX_COLUMNS
            and 0 <= signature.image_columns <= signature.n_columns
            and 2 <= len(classes) <= signature.n_classes <= MAX_CLASSES  # two classes
            and list(classes) == sorted(set(classes))
            and 0 <= classes[0] <= classes[-1] < signature.n_classes
        )
        if not fits:
            message = (
                f"{folder / FILE_NAME}: expected columns and classes that fit each other, got {signature}"
            )
            raise IntegrityError(f"{message}; restore it or export again")
        return signature


def binary_columns(positive: FloatArray) -> FloatArray:
    """Return two columns from the probability of the second class, shape (n_cases,)."""
    return np.column_stack([1.0 - positive, positive])
