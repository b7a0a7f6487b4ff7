"""Which whole groups are locked away."""

import numpy as np
import pandas as pd

from automl_skin.data.groups import Groups
from automl_skin.data.plan_checks import require_spreadable
from automl_skin.data.splitter import deal
from automl_skin.errors import TableError
from automl_skin.seeding import derive_seed

_MAX_DENOMINATOR = 20


def choose_locked(
    groups: Groups, strata: pd.DataFrame, folds: int, share: float, seed: int
) -> "pd.Series[bool]":
    """Choose whole groups for the locked part, so that every class can still be spread over the folds.

    Returns
    -------
    pandas.Series
        Case -> whether it is locked.

    Raises
    ------
    TableError
        If a class has too few groups.
    """
    numerator, parts = _as_fraction(share)
    require_spreadable(strata, groups.ids, max(folds + 1, parts), f"{folds} folds and a locked part")
    part = deal(strata, groups.ids, parts, derive_seed(seed, "locked"))
    classes = strata.iloc[:, 0]
    for first in range(parts):
        locked = pd.Series((part - first) % parts < numerator, index=groups.ids.index)
        left = groups.ids[~locked].groupby(classes[~locked]).nunique()
        if len(left) == classes.nunique() and left.min() >= folds and len(classes[locked].unique()) > 1:
            return locked
    message = (
        f"expected a locked part of {share:.0%} that leaves at least {folds} groups of each class (one per fold), got "
        f"none; the largest group has {groups.sizes.iloc[0]} cases. Use fewer folds or a smaller locked part"
    )
    raise TableError(message)


def _as_fraction(share: float) -> tuple[int, int]:
    """Return the fraction nearest to `share` with a denominator of at most twenty."""
    denominators = np.arange(2, _MAX_DENOMINATOR + 1)
    numerators = np.maximum(np.rint(share * denominators), 1)
    best = int(np.argmin(np.round(np.abs(numerators / denominators - share), 9)))
    return int(numerators[best]), int(denominators[best])
