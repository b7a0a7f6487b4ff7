"""Columns of ids, found by their values: numbers of persons, lesions, records and files are never metadata."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from automl_skin.data.headers import means_age, means_quantity
from automl_skin.data.role_values import is_prose, mostly_image_names
from automl_skin.data.roles import ROLES, Roles, means_id
from automl_skin.data.table import canonical_text, holds_numbers, to_numbers

MIN_SHARE = 0.9
"""Of the values, where a rule asks for nearly all of them."""
MAX_NUMBERS = 120
"""Whole numbers of more different values than there are ages, above `MAX_SHARE` of the rows, are ids."""
MAX_SHARE = 0.2
MAX_LEVELS = 100
"""Text of more levels is an id or free text."""
FEW_LEVELS = 20

_NUMBERED = r"[^\W\d_]+(?:[-_.]?\d+)+"  # P12, PAT_46_881
_TWO = 2
_MIN_ROWS = 20
_MIN_LEVELS = 10
_LONG_NUMBER = 10_000
_MIN_REPEATED = 8
_CONSTANT_WITHIN = 0.95
_MAX_CHANCE = 0.8
_MIN_CHANGES = 0.5
_MIN_PROOFS = 2
_FULL = 0.9
_MAX_REACH = 1_000
_MAX_EXACT = 2.0**53
_MAX_ROWS_EACH = 8
_MAX_ROWS_EACH_NAME = 20


@dataclass(frozen=True)
class Identifier:
    """Why a column is one of ids.

    Parameters
    ----------
    reason : str
        What its values look like.
    repeats : bool
        Whether several rows share one of the ids, as those of one patient or lesion do.
    """

    reason: str
    repeats: bool


def why_id(values: "pd.Series[Any]", others: pd.DataFrame) -> Identifier | None:
    """Return why a column holds ids or free text, or ``None`` for a measurement or a category.

    Parameters
    ----------
    values : Series of shape (n_rows,)
    others : DataFrame of n_rows rows
        The other columns, which tell a person's number: rows that share one share sex and birth. None of them
        where the patient's column is known.
    """
    text = canonical_text(values)
    present, levels = int(text.notna().sum()), int(text.nunique())
    if levels <= 1:
        return None
    repeats = levels < present
    counted = f"{levels:,} different in {present:,} rows"
    if mostly_image_names(text):
        return Identifier(f"names of image files ({counted})", repeats=False)
    if means_id(str(values.name)) and levels > _TWO:
        return Identifier(f"named like an id ({counted})", repeats)
    numbers = to_numbers(values)
    if holds_numbers(values):
        reason = _why_number(numbers.dropna(), str(values.name), counted)
        if reason is None and _tells_a_person(numbers, others, str(values.name)):
            reason = f"like an id ({counted}): the rows that share a value share other columns too"
    else:
        reason = _why_text(text, present, levels)
    return None if reason is None else Identifier(reason, repeats and not reason.startswith("free text"))


def _why_number(numbers: "pd.Series[float]", name: str, counted: str) -> str | None:
    """Return why numbers are ids: whole, and more different, longer or more regular than what one counts."""
    levels, present = numbers.nunique(), len(numbers)
    if not bool((numbers == numbers.round()).all()) or means_age(name) or means_quantity(name):
        return None
    reach = float(numbers.max() - numbers.min()) / _step(numbers) + 1
    counts = reach <= _MAX_REACH and levels < _FULL * reach  # as of naevi, millimetres or units of an enzyme
    if levels > MAX_NUMBERS and levels > MAX_SHARE * present and not counts:
        return f"many different whole numbers ({counted}), like an id"
    if levels > _MIN_LEVELS and _is_long(numbers):
        return f"long whole numbers ({counted}), like an id"
    if present >= _MIN_ROWS and levels == present and levels >= _FULL * reach:
        return f"a running number ({counted})"
    return None


def _step(numbers: "pd.Series[float]") -> float:
    """Return the greatest number by which all can be divided: 250,000 cells, counted in thousands, are 250."""
    if not numbers.abs().max() < _MAX_EXACT:
        return 1.0
    return float(max(np.gcd.reduce(numbers.abs().astype("int64").to_numpy()), 1))


def _is_long(numbers: "pd.Series[float]") -> bool:
    """Whether nearly all numbers have five digits and more, as many as each other, and are not rounded."""
    whole = numbers.abs()
    digits = whole.map(lambda number: len(f"{number:.0f}"))
    same = digits.value_counts(normalize=True).max() >= MIN_SHARE
    return bool(
        (whole >= _LONG_NUMBER).mean() >= MIN_SHARE and same and (whole % 100 != 0).mean() >= MIN_SHARE
    )


def _why_text(text: "pd.Series[str]", present: int, levels: int) -> str | None:
    """Return why text is an id or free text."""
    if is_prose(text) and levels > FEW_LEVELS:
        return f"free text ({levels:,} different ones)"
    if levels > MAX_LEVELS or (levels > FEW_LEVELS and levels > present / 2):
        return f"too many levels ({levels:,} in {present:,} rows), like an id"
    few_rows_each = levels > FEW_LEVELS and present <= _MAX_ROWS_EACH_NAME * levels
    if few_rows_each and text.dropna().str.fullmatch(_NUMBERED).mean() >= MIN_SHARE:
        return f"numbered names ({levels:,} in {present:,} rows), like an id"
    return None


def _tells_a_person(numbers: "pd.Series[float]", others: pd.DataFrame, name: str) -> bool:
    """Whether rows that share a whole number share two other columns, as the rows of one patient do.

    A column that is only a coarser form of this one (age and age group) changes seldom along its sorted values,
    and proves nothing.
    """
    known = numbers.dropna()
    levels = known.nunique()
    measured = means_age(name) or means_quantity(name) or not (known == known.round()).all()
    if measured or levels < _MIN_LEVELS or len(known) > _MAX_ROWS_EACH * levels:
        return False
    repeated = known[known.duplicated(keep=False)].sort_values(kind="stable")
    if repeated.nunique() < _MIN_REPEATED:
        return False
    proofs = 0
    for column in others.columns:
        proofs += _is_shared(repeated, canonical_text(others[column]).loc[repeated.index])
        if proofs == _MIN_PROOFS:
            return True
    return False


def _is_shared(ids: "pd.Series[float]", other: "pd.Series[str]") -> bool:
    """Whether another column is constant where sorted `ids` are equal, and changes where they change."""
    ids, other = ids[other.notna()], other[other.notna()]
    chance = float((other.value_counts(normalize=True) ** 2).sum())
    if not 1 < other.nunique() <= len(other) / 2 or chance > _MAX_CHANCE:
        return False
    same_id = ids.to_numpy()[1:] == ids.to_numpy()[:-1]
    same = other.to_numpy()[1:] == other.to_numpy()[:-1]
    if same_id.sum() < _MIN_REPEATED or same[same_id].mean() < _CONSTANT_WITHIN:
        return False
    return bool((~same[~same_id]).mean() >= _MIN_CHANGES * (1 - chance))


def likely_roles(roles: Roles) -> str:
    """Return in words how to give a column of ids that repeat, by the roles that are still free."""
    free = [role for role in ROLES.values() if role.ties and getattr(roles, role.name) is None]
    options = " or ".join([*(role.option for role in free), "--group"])
    whose = " or of one ".join([role.name for role in free] or ["group"])
    return f"its values repeat: if rows of one {whose} share them, name it with {options}"
