"""Checks of a fold plan, and notes for the readers of its figures."""

import math

import pandas as pd

from automl_skin.data.groups import Groups
from automl_skin.data.wording import list_some
from automl_skin.errors import ConfigError, TableError

MAX_RATIO = 1.5
"""Of the locked part's size and the one asked for, either way."""
_FEW_CASES = 5
_FEW_POSITIVES = 50
_ASSUMED_AUC = 0.85
_MAX_LOCKED_SHARE = 0.5
_Z95 = 1.959963984540054


def check_folds(folds: int, locked_share: float) -> None:
    """Refuse numbers of folds and locked shares that are out of range."""
    if folds < 2:  # a fold needs another one to train on
        raise ConfigError(f"expected at least 2 folds, got {folds}")
    if not 0 <= locked_share <= _MAX_LOCKED_SHARE:
        raise ConfigError(f"expected a locked share from 0 to {_MAX_LOCKED_SHARE}, got {locked_share}")


def check_strata(strata: "pd.DataFrame | pd.Series[str]", groups: "pd.Series[str]") -> pd.DataFrame:
    """Return the strata as text in the order of the groups; refuse duplicate and unlabelled cases."""
    if groups.index.has_duplicates:
        twice = groups.index[groups.index.duplicated()].unique()
        raise TableError(f"expected each case id once, got {list_some(twice)} more than once")
    frame = strata.to_frame() if isinstance(strata, pd.Series) else strata
    frame = frame.reindex(groups.index)
    missing = frame.index[frame.iloc[:, 0].isna()]
    if len(missing):
        raise TableError(
            f"expected a class for every case, got none for {len(missing)}: {list_some(missing)}"
        )
    frame = frame.astype("str").fillna("")
    require_two_classes(frame, "the table")
    return frame


def require_two_classes(strata: pd.DataFrame, where: str) -> None:
    """Refuse rows that are all of one class."""
    classes = strata.iloc[:, 0].unique()
    if len(classes) < 2:  # nothing can be told apart
        found = ", ".join(map(str, classes)) or "no cases at all"
        raise TableError(f"{where}: expected at least two classes, got {found}")


def list_rare(classes: "pd.Series[str]", groups: "pd.Series[str]", minimum: int) -> list[str]:
    """Return the classes of several that have fewer than `minimum` groups; none where fewer than two others are left.

    Such a class is kept in training: it is neither locked nor needed in every fold.
    """
    count = groups.groupby(classes).nunique()
    rare = [str(name) for name in count.index[count < minimum]]
    return rare if len(count) - len(rare) > 1 else []


def note_rare(
    classes: "pd.Series[str]", groups: "pd.Series[str]", rare: "list[str]", minimum: int
) -> list[str]:
    """Return a note about classes that are kept in training alone."""
    if not rare:
        return []
    count = groups.groupby(classes).nunique()
    found = ", ".join(f"{name} has {count[name]}" for name in rare)
    note = (
        f"classes of fewer than {minimum} groups ({found}) are kept in training: they are not in the locked part, some "
        "folds are measured without them, and their figures are too few to tell. --merge-rare merges them"
    )
    return [note]


def require_spreadable(strata: pd.DataFrame, groups: "pd.Series[str]", minimum: int, purpose: str) -> None:
    """Refuse a class of fewer than `minimum` groups."""
    count = groups.groupby(strata.iloc[:, 0]).nunique()
    small = count[count < minimum]
    if len(small):
        found = ", ".join(f"{name} has {n}" for name, n in small.items())
        message = (
            f"expected at least {minimum} groups (patients, lesions) per class for {purpose}, but {found}. Use "
            "fewer folds, merge the class with another, or remove its rows from the table"
        )
        raise TableError(message)


def keeps_share(locked: "pd.Series[bool]", share: float) -> bool:
    """Return whether a locked part is about as large as asked for: within a factor of `MAX_RATIO`, or a few cases."""
    asked, size = share * len(locked), int(locked.sum())
    return asked / MAX_RATIO <= size <= asked * MAX_RATIO or abs(size - asked) <= _FEW_CASES


def require_share(possible: "list[pd.Series[bool]]", groups: Groups, share: float) -> "pd.Series[bool]":
    """Return the first possible locked part that is about as large as asked for.

    Raises
    ------
    TableError
        If there is none: a group stands in the way.
    """
    for locked in possible:
        if keeps_share(locked, share):
            return locked
    asked = share * len(groups.ids)
    nearest = min((int(locked.sum()) for locked in possible), key=lambda size: abs(size - asked))
    name, largest = str(groups.sizes.index[0]), int(groups.sizes.iloc[0])
    message = (
        f"expected about {asked:.0f} locked cases ({share:.0%}), got {nearest} at best: the group of "
        f"{name} has {largest} of {len(groups.ids)} cases and cannot be cut. It is tied by "
        f"{groups.describe_ties(name)}. Check whether an id stands for missing ones (such as 'unknown'), or whether "
        "photographs that are taken for duplicates show a card, a ruler or a blank frame (`automl-skin check` names "
        "some); correct or remove them, or ask for another --locked-share"
    )
    raise TableError(message)


def require_classes_in_folds(table: pd.DataFrame, classes: "pd.Series[str]") -> None:
    """Refuse folds without a class."""
    development = table["part"] == "development"
    inside = classes[development.reindex(classes.index)]
    count = pd.crosstab(table["fold"].loc[inside.index], inside)
    for name in classes.unique():
        lacking = count.index[count[name] == 0] if name in count else count.index
        if len(lacking):
            sizes = table["group"][development].value_counts()
            message = (
                f"fold {lacking[0]}: expected cases of every class, got none of class {name}; the largest group has "
                f"{sizes.iloc[0]} of {int(development.sum())} cases. Use fewer folds, merge the class with another, or "
                "check the id columns if that group should not be so large"
            )
            raise TableError(message)


def note_large_group(table: pd.DataFrame) -> list[str]:
    """Return a note where one group is larger than a fold should be."""
    development = table[table["part"] == "development"]
    sizes = development["group"].value_counts()
    share = sizes.iloc[0] / len(development)
    folds = development["fold"].nunique()
    if share <= 1 / folds:
        return []
    note = (
        f"the group of {sizes.index[0]} has {sizes.iloc[0]} of {len(development)} development cases "
        f"({share:.0%}), more than one of {folds} folds should hold. The folds are uneven; perhaps one value stands "
        "for missing ids"
    )
    return [note]


def note_rare_locked(table: pd.DataFrame, classes: "pd.Series[str]") -> list[str]:
    """Return how wide the interval of the locked test will be where a class is rare in it.

    Raises
    ------
    TableError
        If the locked part has cases of one class only.
    """
    locked = classes[table["part"] == "locked"]
    if locked.empty:
        return []
    require_two_classes(locked.to_frame(), "the locked part")
    notes = []
    groups = table["group"].loc[locked.index]
    n_groups = {str(name): groups[locked == name].nunique() for name in classes.unique()}
    rarest = min(n_groups, key=lambda name: n_groups[name])
    for name, n in n_groups.items():
        own, rest = locked == name, groups[locked != name].nunique()
        if n == 0:
            notes.append(f"the locked part has no case of class {name}, which cannot be measured there")
        elif n < _FEW_POSITIVES and (len(n_groups) > 2 or name == rarest):  # two classes have one AUC
            width = expected_interval_width(n, rest)
            notes.append(
                f"the locked part has only {n} groups ({own.sum()} cases) of class {name}: the interval of its AUC "
                f"will be about {width:.2f} wide"
            )
    return notes


def expected_interval_width(n_positive: int, n_negative: int, auc: float = _ASSUMED_AUC) -> float:
    """Return the width of a 95 % interval of the AUC to be expected, at most 1.

    Hanley & McNeil, Radiology 143:29 (1982), equation 1, with their exponential approximation of Q1 and Q2.
    It errs somewhat to the wide side. Cases are taken as independent: where they lie in groups, count the groups.
    """
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (n_positive - 1) * (q1 - auc**2) + (n_negative - 1) * (q2 - auc**2)
    return min(2 * _Z95 * math.sqrt(variance / (n_positive * n_negative)), 1.0)
