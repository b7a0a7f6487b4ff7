"""What chains are given: per case the embeddings by name, and the metadata."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_skin.arrays import BoolArray, Float32Array, IntArray


def embedding_name(backbone: str, recipe: str) -> str:
    """Return the name under which a backbone's embeddings of a recipe are kept."""
    return f"{backbone}@{recipe}"


@dataclass(frozen=True)
class CaseInputs:
    """Embeddings and metadata of some cases, in one order.

    Parameters
    ----------
    embeddings : mapping of str to ndarray of shape (n_cases, n_dimensions)
        By `embedding_name`; zeros where a case has no image.
    has_image : ndarray of shape (n_cases,)
        Whether a case has a readable image.
    metadata : DataFrame of shape (n_cases, n_fields)
        As in the manifest; missing values are NA.
    """

    embeddings: Mapping[str, Float32Array]
    has_image: BoolArray
    metadata: pd.DataFrame

    def __len__(self) -> int:
        return len(self.has_image)

    def take(self, positions: IntArray) -> "CaseInputs":
        """Return the cases at `positions`."""
        embeddings = {name: values[positions] for name, values in self.embeddings.items()}
        return CaseInputs(embeddings, self.has_image[positions], self.metadata.iloc[positions])

    def image_block(self, backbones: Sequence[str], recipe: str) -> Float32Array:
        """Return the embeddings of several backbones side by side.

        Returns
        -------
        ndarray of shape (n_cases, sum of n_dimensions)
        """
        return np.concatenate([self.embeddings[embedding_name(name, recipe)] for name in backbones], axis=1)
