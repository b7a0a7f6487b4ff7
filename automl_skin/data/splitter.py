"""The one splitter of the project: whole groups, stratified.

`scikit-learn`'s StratifiedGroupKFold does the dealing; here strata that are too rare to be spread
are merged first, from the finest level towards the class, which always stays.
"""

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from automl_skin.arrays import IntArray
from automl_skin.data.groups import Groups
from automl_skin.data.plan_checks import keeps_share, list_rare, require_share, require_spreadable
from automl_skin.errors import TableError
from automl_skin.seeding import derive_seed

_REST = "rest"
_MAX_DENOMINATOR = 20
_TENTH = 10


def merge_rare_strata(strata: pd.DataFrame, groups: "pd.Series[str]", minimum: int) -> "pd.Series[str]":
    """Merge strata of fewer than `minimum` groups into the next coarser level.

    Parameters
    ----------
    strata : pandas.DataFrame, index case
        Levels from coarse (the class) to fine, such as class, diagnosis, source.
    groups : pandas.Series
        Case -> group.
    minimum : int
        Groups that a stratum needs to be kept apart.

    Returns
    -------
    pandas.Series
        Case -> stratum. What stays rare at the coarsest level is one stratum ``rest``, and
        joins the largest one if even that is too small.
    """
    levels = strata.astype("str").fillna("")
    merged = pd.Series(_REST, index=strata.index, dtype="str")
    open_ = pd.Series(data=True, index=strata.index)
    for depth in range(levels.shape[1], 0, -1):
        cell = _joined(levels.iloc[:, :depth])[open_]
        enough = groups[open_].groupby(cell).transform("nunique") >= minimum
        settled = enough.index[enough]
        merged[settled] = f"{depth}\x1f" + cell[settled]
        open_[settled] = False
    rest = merged == _REST
    if rest.any() and groups[rest].nunique() < minimum and not rest.all():
        merged[rest] = merged[~rest].mode().iloc[0]
    return merged


def _joined(levels: pd.DataFrame) -> "pd.Series[str]":
    """Return the levels of each row as one text."""
    first, others = levels.iloc[:, 0], levels.iloc[:, 1:]
    return first if others.empty else first.str.cat(others, sep="\x1f")


def deal(strata: pd.DataFrame, groups: "pd.Series[str]", n_splits: int, seed: int) -> IntArray:
    """Deal whole groups into `n_splits` stratified parts.

    Returns
    -------
    ndarray of int, shape (n_cases,)
        The part of each case, the same for a given set of cases whatever the order of the rows.
    """
    order = np.argsort(groups.index.to_numpy(dtype=str), kind="stable")
    groups = groups.iloc[order]
    merged = merge_rare_strata(strata.iloc[order], groups, n_splits)
    splitter = StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed)
    part = np.empty(len(groups), dtype=np.int64)
    for number, (_, held) in enumerate(splitter.split(merged, merged, groups)):
        part[order[held]] = number
    return part


def choose_locked(
    groups: Groups, strata: pd.DataFrame, folds: int, share: float, seed: int
) -> "pd.Series[bool]":
    """Choose whole groups for the locked part, so that every class can still be spread over the folds.

    A class has its share of groups there, to the next group or a tenth: if the finest strata do not give it, the
    classes alone are dealt, and of what is possible the nearest is taken.

    Returns
    -------
    pandas.Series
        Case -> whether it is locked.

    Raises
    ------
    TableError
        If a class has too few groups, or a group stands in the way of the share.
    """
    numerator, parts = _as_fraction(share)
    minimum = max(folds + 1, parts)
    is_rare = strata.iloc[:, 0].isin(list_rare(strata.iloc[:, 0], groups.ids, minimum))
    tied = groups.ids.isin(groups.ids[is_rare])  # groups with a case of a rare class stay in training
    common = strata[~tied]
    require_spreadable(common, groups.ids[~tied], minimum, f"{folds} folds and a locked part")
    classes = common.iloc[:, 0]
    possible: list[tuple[float, pd.Series[bool]]] = []
    for levels in (strata, strata.iloc[:, :1]):
        part = deal(levels, groups.ids, parts, derive_seed(seed, "locked"))
        for first in range(parts):
            locked = pd.Series((part - first) % parts < numerator, index=groups.ids.index) & ~tied
            away = _distance(locked[~tied], groups.ids[~tied], classes, numerator / parts, folds)
            if away < 1 and keeps_share(locked, share):
                return locked
            if np.isfinite(away):
                possible.append((away, locked))
    if possible:
        nearest_first = sorted(possible, key=lambda each: each[0])
        return require_share([locked for _, locked in nearest_first], groups, share)
    message = (
        f"expected a locked part of {share:.0%} that leaves at least {folds} groups of each class (one per fold), got "
        f"none; the largest group has {groups.sizes.iloc[0]} cases. Use fewer folds or a smaller locked part"
    )
    raise TableError(message)


def _distance(
    locked: "pd.Series[bool]", groups: "pd.Series[str]", classes: "pd.Series[str]", share: float, folds: int
) -> float:
    """Return how far a class is from its share of groups: below 1 where the next group, or a tenth, is the reason.

    Infinite where a class cannot be spread over the folds, or the locked part has one class only.
    """
    chosen = groups[locked].groupby(classes[locked]).nunique()
    left = groups[~locked].groupby(classes[~locked]).nunique()
    if len(left) < classes.nunique() or left.min() < folds or len(chosen) < 2:  # two classes
        return np.inf
    wanted = share * groups.groupby(classes).nunique()
    off = (chosen.reindex(wanted.index, fill_value=0) - wanted).abs()
    return float((off / (wanted / _TENTH).clip(lower=1)).max())


def _as_fraction(share: float) -> tuple[int, int]:
    """Return the fraction nearest to `share` with a denominator of at most twenty."""
    denominators = np.arange(2, _MAX_DENOMINATOR + 1)
    numerators = np.maximum(np.rint(share * denominators), 1)
    best = int(np.argmin(np.round(np.abs(numerators / denominators - share), 9)))
    return int(numerators[best]), int(denominators[best])
