"""What must hold of a fold plan, and what a reader of its figures should know."""

import math

import pandas as pd

from automl_skin.errors import ConfigError, TableError

_FEW_POSITIVES = 50
_ASSUMED_AUC = 0.85
_MOST_LOCKED = 0.5
_Z95 = 1.959963984540054


def check_folds(folds: int, locked_share: float) -> None:
    """Refuse numbers of folds and locked shares that are out of range."""
    if folds < 2:  # a fold needs another one to train on
        raise ConfigError(f"there must be at least 2 folds, found {folds}")
    if not 0 <= locked_share <= _MOST_LOCKED:
        raise ConfigError(f"the locked share must lie between 0 and {_MOST_LOCKED}, found {locked_share}")


def check_strata(strata: "pd.DataFrame | pd.Series[str]", groups: "pd.Series[str]") -> pd.DataFrame:
    """Return the strata as text in the order of the groups; refuse duplicate and unlabelled cases."""
    if groups.index.has_duplicates:
        twice = groups.index[groups.index.duplicated()].unique()
        raise TableError(f"case ids must be unique, found {', '.join(twice[:5])} more than once")
    frame = strata.to_frame() if isinstance(strata, pd.Series) else strata
    frame = frame.reindex(groups.index)
    missing = frame.index[frame.iloc[:, 0].isna()]
    if len(missing):
        message = f"every case must have a class, and {len(missing)} have none: {', '.join(missing[:5])}"
        raise TableError(message)
    frame = frame.astype("str").fillna("")
    require_two_classes(frame, "the table")
    return frame


def require_two_classes(strata: pd.DataFrame, where: str) -> None:
    """Refuse rows that are all of one class."""
    classes = strata.iloc[:, 0].unique()
    if len(classes) < 2:  # nothing can be told apart
        found = ", ".join(map(str, classes)) or "no cases at all"
        raise TableError(f"{where} must hold at least two classes, found only {found}")


def require_spreadable(strata: pd.DataFrame, groups: "pd.Series[str]", minimum: int, purpose: str) -> None:
    """Refuse a class of fewer than `minimum` groups."""
    count = groups.groupby(strata.iloc[:, 0]).nunique()
    small = count[count < minimum]
    if len(small):
        found = ", ".join(f"{name} has {n}" for name, n in small.items())
        message = (
            f"each class needs at least {minimum} groups (patients, lesions) for {purpose}: {found}. Use "
            "fewer folds, merge the class with another, or take its rows out of the table"
        )
        raise TableError(message)


def plan_notes(table: pd.DataFrame, classes: "pd.Series[str]") -> list[str]:
    """Refuse folds without a class; return what is worth knowing of the development part.

    Raises
    ------
    TableError
        If a fold lacks what a figure needs.
    """
    _require_classes_in_folds(table, classes)
    return _large_group(table)


def _require_classes_in_folds(table: pd.DataFrame, classes: "pd.Series[str]") -> None:
    development = table["part"] == "development"
    count = pd.crosstab(table["fold"][development], classes[development])
    for name in classes.unique():
        lacking = count.index[count[name] == 0] if name in count else count.index
        if len(lacking):
            sizes = table["group"][development].value_counts()
            message = (
                f"each fold must hold every class, and fold {lacking[0]} has no case of class {name}; the "
                f"largest group has {sizes.iloc[0]} of {int(development.sum())} cases. Use fewer folds, "
                "merge the class with another, or look at the id columns if that group should not be so large"
            )
            raise TableError(message)


def _large_group(table: pd.DataFrame) -> list[str]:
    """Say when one group is larger than a fold should be."""
    development = table[table["part"] == "development"]
    sizes = development["group"].value_counts()
    share = sizes.iloc[0] / len(development)
    folds = development["fold"].nunique()
    if share <= 1 / folds:
        return []
    note = (
        f"the group of {sizes.index[0]} has {sizes.iloc[0]} of {len(development)} development cases "
        f"({share:.0%}), more than a fold of {folds} should hold: the folds are uneven, and a missing id may "
        "have been coded as one value"
    )
    return [note]


def locked_notes(table: pd.DataFrame, classes: "pd.Series[str]") -> list[str]:
    """Say how wide the interval of the locked test will be where a class is rare in it.

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
    for name in classes.unique():
        n = int((locked == name).sum())
        if n == 0:
            notes.append(f"the locked part has no case of class {name}: it cannot be measured there")
        elif n < _FEW_POSITIVES:
            width = expected_interval_width(n, len(locked) - n)
            notes.append(
                f"the locked part has only {n} cases of class {name}: expect an interval of its AUC about "
                f"{width:.2f} wide"
            )
    return notes


def expected_interval_width(n_positive: int, n_negative: int, auc: float = _ASSUMED_AUC) -> float:
    """Return the width of a 95 % interval of the AUC to be expected, at most 1.

    Hanley & McNeil, Radiology 143:29 (1982), equation 1, with their exponential approximation of Q1 and Q2.
    It errs somewhat to the wide side. Cases are taken as independent; groups of several make it wider.
    """
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (n_positive - 1) * (q1 - auc**2) + (n_negative - 1) * (q2 - auc**2)
    return min(2 * _Z95 * math.sqrt(variance / (n_positive * n_negative)), 1.0)
