"""From cases to lesions: a lesion photographed twice has one score, the mean of its cases'."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_skin.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Lesions:
    """Lesions of a table of cases.

    Parameters
    ----------
    codes : array of shape (n_cases,)
        Position of each case's lesion.
    labels : array of shape (n_lesions,)
        Most frequent label of its cases; of equally frequent ones the larger, in a binary target the positive.
    groups : array of shape (n_lesions,)
    """

    codes: IntArray
    labels: IntArray
    groups: npt.NDArray[np.object_]

    def mean(self, probabilities: FloatArray) -> FloatArray:
        """Average the cases' probabilities, (n_cases, n_classes), over each lesion's: (n_lesions, n_classes)."""
        total = np.zeros((len(self.labels), probabilities.shape[1]))
        np.add.at(total, self.codes, probabilities)
        return total / np.bincount(self.codes)[:, None]


def find_lesions(cases: pd.DataFrame) -> Lesions:
    """Return the lesions of cases with the columns target, group and lesion; a missing lesion is its own."""
    own = pd.Series(
        [("no lesion", position) for position in range(len(cases))], index=cases.index, dtype=object
    )
    names = cases["lesion"].astype(object).where(cases["lesion"].notna(), own)
    codes, _ = pd.factorize(names)
    labels = cases["target"].to_numpy(np.int64)
    counts = np.zeros((codes.max() + 1, labels.max() + 1))
    np.add.at(counts, (codes, labels), 1)
    most_frequent = counts.shape[1] - 1 - counts[:, ::-1].argmax(axis=1)
    first = np.unique(codes, return_index=True)[1]
    return Lesions(codes.astype(np.int64), most_frequent, cases["group"].to_numpy(object)[first])
