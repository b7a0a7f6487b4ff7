"""What a person is told of a table's columns before it is scored."""

from collections.abc import Iterable
from difflib import SequenceMatcher

import pandas as pd

from automl_skin.data.headers import normal_name
from automl_skin.data.roles import Roles
from automl_skin.export.facts import BundleFacts

LIKE = 0.75
"""How much of two names must be the same, as `difflib` counts it, for one to be meant by the other."""

ROLES = ("image", "image_role", "case", "patient", "lesion")


def describe_columns(rows: pd.DataFrame, roles: Roles, facts: BundleFacts) -> list[str]:
    """Return which columns serve as what, and one line for each field of the model that is no column.

    Parameters
    ----------
    rows : DataFrame
        Some rows of the table.
    roles : Roles
    facts : BundleFacts
    """
    used = {role: column for role in ROLES if (column := getattr(roles, role))}
    served = [f"{role.replace('_', ' ')} = {column!r}" for role, column in used.items()]
    fields = [name for name in facts.kinds if name in rows]
    lines = [f"columns: {', '.join(served)}; metadata: {', '.join(map(repr, fields)) or 'none'}"]
    if "case" in facts.roles and roles.case is None:
        lines.append("no column names the case: every row is a case of its own")
    if "case" not in facts.roles and roles.case is None:
        cases = [name for name in map(str, rows.columns) if normal_name(name) in {"case", "case_id"}]
        lines += [
            f"{name!r} is not used: the model was trained without cases, every row is one" for name in cases
        ]
    unused = [str(name) for name in rows.columns if name not in facts.kinds and name not in used.values()]
    for name in facts.kinds:
        if name not in rows:
            near = nearest(name, unused)
            hint = f"; if {near!r} is meant, rename it" if near else ""
            lines.append(f"the model's field {name!r} is not in the table: missing in all rows{hint}")
    return lines


def nearest(name: str, columns: Iterable[str]) -> str | None:
    """Return the column whose name is most like another, or None if none is.

    Examples
    --------
    >>> nearest("age", ["image", "Age"]), nearest("age", ["stage", "age_years"]), nearest("age", ["image", "sex"])
    ('Age', 'age_years', None)
    """
    likeness = {column: _likeness(normal_name(name), normal_name(column)) for column in columns}
    best = max(likeness, key=lambda column: likeness[column], default=None)
    return best if best is not None and likeness[best] >= LIKE else None


def _likeness(name: str, other: str) -> float:
    """Return 1 for equal names, less for one with more words than the other, less for one spelt otherwise."""
    if name == other:
        return 1.0
    words, others = set(name.split("_")), set(other.split("_"))
    if words < others or others < words:
        return 0.95
    return 0.9 * SequenceMatcher(None, name, other).ratio()
