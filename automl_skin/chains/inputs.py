"""What chains are given: per case the embeddings by name, and the metadata."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from automl_skin.arrays import BoolArray, Float32Array, IntArray

if TYPE_CHECKING:
    from automl_skin.backbones.tuning.tuned_head import TunedHead
    from automl_skin.embeddings.key import TunedOn


@dataclass(frozen=True)
class CaseInputs:
    """Embeddings and metadata of some cases, in one order.

    Parameters
    ----------
    embeddings : mapping of str to ndarray of shape (n_cases, n_dimensions)
        By the text of a `NetworkId`; zeros where a case has no image, NaN where a tuned network was not applied to
        it. Where there are several roles, a network of all kinds has them side by side, in the order of `roles`.
    has_image : ndarray of shape (n_cases,)
        Whether a case has a readable image.
    metadata : DataFrame of shape (n_cases, n_fields)
        As in the manifest; missing values are NA.
    heads : mapping of str to TunedHead
        The own head of every tuned network, by name.
    tuned_on : mapping of str to TunedOn
        Which rows tuned each network, by name; frozen ones are not in it.
    roles : tuple of str
        Kinds of photograph; empty where there is one only.
    has_role : ndarray of shape (n_cases, n_roles), or None
        Whether a case has a readable photograph of each kind; None where there is one kind only.
    """

    embeddings: Mapping[str, Float32Array]
    has_image: BoolArray
    metadata: pd.DataFrame
    heads: "Mapping[str, TunedHead]" = field(default_factory=dict)
    tuned_on: "Mapping[str, TunedOn]" = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    has_role: BoolArray | None = None

    def __len__(self) -> int:
        return len(self.has_image)

    def take(self, positions: IntArray) -> "CaseInputs":
        """Return the cases at `positions`."""
        embeddings = {name: values[positions] for name, values in self.embeddings.items()}
        return replace(
            self,
            embeddings=embeddings,
            has_image=self.has_image[positions],
            metadata=self.metadata.iloc[positions],
            has_role=None if self.has_role is None else self.has_role[positions],
        )

    def only(self, names: Sequence[str]) -> "CaseInputs":
        """Return the same cases with some of the embeddings."""
        return replace(self, embeddings={name: self.embeddings[name] for name in names})

    def image_block(self, names: Sequence[str]) -> Float32Array:
        """Return the embeddings of several networks side by side.

        Parameters
        ----------
        names : sequence of str
            By name (`str` of a `NetworkId`).

        Returns
        -------
        ndarray of shape (n_cases, sum of n_dimensions)
        """
        return np.concatenate([self.embeddings[name] for name in names], axis=1)
