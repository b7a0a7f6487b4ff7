"""The stack of a study on disk: ``stack.json`` (members, weights, how methods compare) and ``stack.parquet``.

Its operating point is a record of its own, ``operating_point.json``, fixed before the locked test set is opened.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from automl_skin.arrays import FloatArray
from automl_skin.data.record import write_parquet
from automl_skin.digests import digest_array
from automl_skin.errors import IntegrityError
from automl_skin.evaluation.operating_point import OperatingPoint
from automl_skin.records import read_record, write_record
from automl_skin.stacking.stack import MethodComparison, Stack


@dataclass(frozen=True)
class BuiltStack:
    """The stack of a study, as it lies on disk.

    Parameters
    ----------
    stack : Stack
    probabilities : ndarray of shape (n_cases, n_classes)
        Out-of-fold, for the development cases in the material's order.
    comparison : MethodComparison
    """

    stack: Stack
    probabilities: FloatArray
    comparison: MethodComparison


@dataclass(frozen=True)
class StackPoint:
    """The operating point of a stack, with the stack's digest."""

    stack: str
    point: OperatingPoint


@dataclass(frozen=True)
class _Description:
    """What stands in ``stack.json``: the stack, its digest and that of its probabilities, and how methods compare."""

    digest: str
    probabilities: str
    trials: int
    stack: Stack
    compared: dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class StackFiles:
    """Where the stack lies.

    Parameters
    ----------
    folder : Path
        Of the study.
    """

    folder: Path

    @property
    def path(self) -> Path:
        """The file that describes it."""
        return self.folder / "stack.json"

    @property
    def exists(self) -> bool:
        """Whether it was built."""
        return self.path.is_file()

    def write(self, built: BuiltStack, cases: "pd.Index[str]", *, trials: int) -> None:
        """Write a stack that was chosen from some finished trials, and its probabilities of the cases."""
        n_classes = built.probabilities.shape[1]
        columns = {f"probability_{label}": built.probabilities[:, label] for label in range(n_classes)}
        write_parquet(self._probabilities, pd.DataFrame(columns, index=cases))
        compared = {name: tuple(values) for name, values in built.comparison.utilities.items()}
        digests = built.stack.digest, digest_array(built.probabilities)
        write_record(self.path, _Description(*digests, trials, built.stack, compared))

    def read(self) -> BuiltStack:
        """Return the stack that was written.

        Raises
        ------
        IntegrityError
            If a file was changed since.
        """
        described = read_record(_Description, self.path)
        stack = described.stack
        if stack.digest != described.digest:
            message = (
                f"{self.path}: expected the digest {described.digest[:16]}, got {stack.digest[:16]}. It was changed; "
                "run the search again to rebuild it"
            )
            raise IntegrityError(message)
        probabilities = pd.read_parquet(self._probabilities).to_numpy(np.float64)
        if digest_array(probabilities) != described.probabilities:
            message = (
                f"{self._probabilities}: expected the out-of-fold probabilities whose digest {self.path.name} has, "
                "got others. It was changed; run the search again to rebuild it"
            )
            raise IntegrityError(message)
        return BuiltStack(stack, probabilities, MethodComparison(described.compared, stack.method))

    @property
    def _probabilities(self) -> Path:
        return self.folder / "stack.parquet"
