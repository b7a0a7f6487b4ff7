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
from automl_skin.evaluation.class_decisions import ClassDecisions
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
        Out-of-fold by one chain per member, for the development cases in the material's order.
    deployed : ndarray of shape (n_cases, n_classes)
        Out-of-fold on the scale of what new cases get, the calibrated mean over folds: thresholds are of these
        (`automl_skin.stacking.nested`). The same as `probabilities` where the mean has no calibrator of its own.
    comparison : MethodComparison
    """

    stack: Stack
    probabilities: FloatArray
    deployed: FloatArray
    comparison: MethodComparison


@dataclass(frozen=True)
class StackPoint:
    """The operating point of a stack, with the stack's digest."""

    stack: str
    point: OperatingPoint


@dataclass(frozen=True)
class StackDecisions:
    """The decisions by class of a stack, with the stack's digest."""

    stack: str
    decisions: ClassDecisions


@dataclass(frozen=True)
class _Description:
    """What stands in ``stack.json``: the stack, its digest and those of its probabilities, and how methods compare.

    `chosen_on` are the utilities that the method was chosen by, and too good for that: no estimates of the stack.
    """

    digest: str
    probabilities: str
    deployed: str
    trials: int
    stack: Stack
    chosen_on: dict[str, tuple[float, ...]]


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
        named = {"probability": built.probabilities, "deployed": built.deployed}
        columns = {
            f"{name}_{label}": values[:, label]
            for name, values in named.items()
            for label in range(values.shape[1])
        }
        write_parquet(self._probabilities, pd.DataFrame(columns, index=cases))
        compared = {name: tuple(values) for name, values in built.comparison.utilities.items()}
        digests = built.stack.digest, digest_array(built.probabilities), digest_array(built.deployed)
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
        table = pd.read_parquet(self._probabilities).to_numpy(np.float64)
        probabilities, deployed = (np.ascontiguousarray(each) for each in np.split(table, 2, axis=1))
        found = digest_array(probabilities), digest_array(deployed)
        if found != (described.probabilities, described.deployed):
            message = (
                f"{self._probabilities}: expected the out-of-fold probabilities whose digest {self.path.name} has, "
                "got others. It was changed; run the search again to rebuild it"
            )
            raise IntegrityError(message)
        return BuiltStack(stack, probabilities, deployed, MethodComparison(described.chosen_on, stack.method))

    @property
    def _probabilities(self) -> Path:
        return self.folder / "stack.parquet"
