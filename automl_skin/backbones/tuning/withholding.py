"""Photographs that are withheld from towers in training, in the manner of the ModDrop of Neverova et al. 2016.

What is withheld balances what is really missing, so that each kind of photograph is absent equally often in every
class: absence is no evidence.
"""

import numpy as np
import torch
from torch import Tensor

from automl_skin.arrays import BoolArray, FloatArray, IntArray

ABSENT_SHARE = 0.1
"""Share of the cases of every class without a kind of photograph in training, where no class really lacks it more
often."""

MAX_WITHHELD = 0.9
"""Of the cases of a class with all kinds, the largest share from which one is withheld."""


def withheld_shares(present: BoolArray, classes: IntArray) -> FloatArray:
    """Return how often each kind of photograph is withheld in training from a case that has all of them, by class.

    With what a class really lacks, each kind is then absent in the same share of every class.

    Parameters
    ----------
    present : ndarray of shape (n_rows, n_roles)
        Of the rows that are trained on.
    classes : ndarray of shape (n_rows,)
        Of the target.

    Returns
    -------
    ndarray of shape (n_classes, n_roles)

    Examples
    --------
    >>> present = np.array([[True, True]] * 8 + [[True, False]] * 2 + [[True, True]] * 10)
    >>> withheld_shares(present, np.repeat([0, 1], 10)).round(3)
    array([[0.125, 0.   ],
           [0.1  , 0.2  ]])
    """
    n_classes = int(classes.max()) + 1
    counts = np.bincount(classes, minlength=n_classes)
    rows = np.maximum(counts, 1)
    lacking = np.stack([np.bincount(classes, ~role, n_classes) / rows for role in present.T], axis=1)
    whole = np.bincount(classes, present.all(axis=1), n_classes) / rows
    wanted = np.maximum(lacking[counts > 0].max(axis=0), ABSENT_SHARE)
    shares = np.where(whole[:, None] > 0, (wanted - lacking) / np.maximum(whole, 1e-9)[:, None], 0.0)
    total = shares.sum(axis=1, keepdims=True)
    return np.asarray(shares * np.minimum(1.0, MAX_WITHHELD / np.maximum(total, MAX_WITHHELD)))


def withhold(present: Tensor, shares: Tensor) -> Tensor:
    """Return presence after withholding, at most one kind per case and only from cases that have all.

    Parameters
    ----------
    present : Tensor of shape (n, n_roles)
    shares : Tensor of shape (n, n_roles)
        Of each case's class, from `withheld_shares`; the numbers are torch's.
    """
    drawn = torch.rand(len(present), 1, device=present.device)
    ends = shares.cumsum(dim=1)
    chosen = (drawn < ends) & (drawn >= ends - shares)
    return present & ~(chosen & present.all(dim=1, keepdim=True))
