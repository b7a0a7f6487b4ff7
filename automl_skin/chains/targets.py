"""What a head is trained on, and how its classes become those of the target."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from automl_skin.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class TrainingLabels:
    """Labels at both levels: the target's classes and the full diagnosis.

    Parameters
    ----------
    target : ndarray of shape (n_cases,)
        Class of the target.
    diagnosis : ndarray of shape (n_cases,)
        Position of the diagnosis in `diagnoses`.
    class_of_diagnosis : tuple of int
        For every diagnosis its class of the target.
    n_classes : int
        Classes of the target.
    """

    target: IntArray
    diagnosis: IntArray
    class_of_diagnosis: tuple[int, ...]
    n_classes: int

    @classmethod
    def from_values(
        cls, target: IntArray, diagnosis: Sequence[str], class_of: dict[str, int], n_classes: int
    ) -> "TrainingLabels":
        """Return the labels of cases whose diagnoses are given as words."""
        names = sorted(class_of)
        positions = {name: position for position, name in enumerate(names)}
        codes = np.array([positions[name] for name in diagnosis], dtype=np.int64)
        return cls(target, codes, tuple(class_of[name] for name in names), n_classes)

    def take(self, positions: IntArray) -> "TrainingLabels":
        """Return the labels of the cases at `positions`."""
        return TrainingLabels(
            self.target[positions], self.diagnosis[positions], self.class_of_diagnosis, self.n_classes
        )

    def at_level(self, level: str) -> tuple[IntArray, tuple[int, ...]]:
        """Return the labels that a head is trained on, and the target's class of each of its classes."""
        if level == "diagnosis":
            return self.diagnosis, self.class_of_diagnosis
        return self.target, tuple(range(self.n_classes))


def to_target_classes(probabilities: FloatArray, class_of: Sequence[int], n_classes: int) -> FloatArray:
    """Sum the probabilities of the diagnoses that belong to one class of the target.

    Parameters
    ----------
    probabilities : ndarray of shape (n_cases, n_diagnoses)
    class_of : sequence of int, of length n_diagnoses
    n_classes : int

    Returns
    -------
    ndarray of shape (n_cases, n_classes)

    Examples
    --------
    >>> to_target_classes(np.array([[0.2, 0.5, 0.3]]), (0, 1, 0), 2).tolist()
    [[0.5, 0.5]]
    """
    summed = np.zeros((len(probabilities), n_classes))
    for column, label in enumerate(class_of):
        summed[:, label] += probabilities[:, column]
    return summed
