"""What a person is told of a table's columns before it is scored."""

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

import pandas as pd

from automl_skin.data.headers import means_age, normal_name
from automl_skin.data.photograph_fields import fold_names, split_names
from automl_skin.data.roles import ROLES, Roles
from automl_skin.export.facts import BundleFacts, GivenEmbedding

IMAGE = "image"
"""The column of a served model that takes an image; with several kinds of photograph its name goes on with the kind."""

LIKE = 0.75
"""How much of two names must be the same, as `difflib` counts it, for one to be meant by the other."""

_MEANINGS = {
    "sex": r"sex|gender|([a-z]*en)?geschlecht|sexe|genre|sexo|genero|sesso|genere",
    "site": (
        r"site|location|locali[sz]ation|lokali[sz]ation|koerperstelle|korperstelle|koerperregion|korperregion"
        r"|localizacion|localizacao|locali[sz]zazione|sede|emplacement|ubicacion"
    ),
}
"""What a field of a person is called in English, German, French, Spanish, Italian and Portuguese; as a word of a name.

The ages, the sources and the ids are in `automl_skin.data.headers`.
"""


def image_columns(facts: BundleFacts) -> dict[str, str]:
    """Return the columns of a served model that take images, with their roles; none where it sees no photograph."""
    return _by_role(IMAGE, facts.image_roles) if facts.photographs else {}


def vector_columns(facts: BundleFacts, given: GivenEmbedding) -> dict[str, tuple[str, ...]]:
    """Return the columns of a served model that take given vectors, with the roles whose photographs they are of."""
    if given.by == "case":
        return {given.title: facts.image_roles}
    return {column: (role,) for column, role in _by_role(given.title, facts.image_roles).items()}


def _by_role(name: str, roles: Sequence[str]) -> dict[str, str]:
    return {name: roles[0]} if len(roles) == 1 else {f"{name}_{role}": role for role in roles}


def describe_columns(rows: pd.DataFrame, roles: Roles, facts: BundleFacts) -> list[str]:
    """Return which columns serve as what, and one line for each field of the model that is no column.

    Parameters
    ----------
    rows : DataFrame
        Some rows of the table.
    """
    served = [f"{role.replace('_', ' ')} = {column!r}" for role, column in roles.served.items()]
    own = fold_names(facts.kinds, map(str, rows.columns))
    read = {name for field, kinds in own.items() for name in split_names({field: None}, {field: kinds})}
    fields = [*(name for name in facts.kinds if name in rows), *own]
    lines = [f"columns: {', '.join(served)}; metadata: {', '.join(map(repr, fields)) or 'none'}"]
    if own:
        lines.append(f"read once per kind of photograph: {', '.join(map(repr, own))}")
    if "case" in facts.roles and roles.case is None:
        lines.append("no column names the case: every row is a case of its own")
    if "case" not in facts.roles and roles.case is None:
        cases = [name for name in map(str, rows.columns) if normal_name(name) in {"case", "case_id"}]
        lines += [
            f"{name!r} is not used: the model was trained without cases, every row is one" for name in cases
        ]
    unused = [str(name) for name in rows.columns if name not in fields and name not in roles.served.values()]
    for name in facts.kinds:
        if name not in rows and name not in read:
            near = nearest(name, unused)
            hint = f"; if {near!r} is meant, rename it" if near else ""
            lines.append(f"the model's field {name!r} is not in the table: missing in all rows{hint}")
    return lines


def nearest(name: str, columns: Iterable[str]) -> str | None:
    """Return the column whose name is most like another, or None if none is.

    A name that means the same in another language comes before one that is spelt alike.

    Examples
    --------
    >>> nearest("age", ["image", "Age"]), nearest("age", ["stage", "age_years"]), nearest("age", ["image", "sex"])
    ('Age', 'age_years', None)
    >>> nearest("age", ["stage", "Alter"]), nearest("sex", ["six", "Geschlecht"])
    ('Alter', 'Geschlecht')
    """
    likeness = {column: _likeness(name, column) for column in columns}
    best = max(likeness, key=lambda column: likeness[column], default=None)
    return best if best is not None and likeness[best] >= LIKE else None


def _likeness(name: str, other: str) -> float:
    """Return 1 for equal names, less for one of the same meaning, with more words, or spelt otherwise."""
    one, two = normal_name(name), normal_name(other)
    if one == two:
        return 1.0
    spelt = SequenceMatcher(None, one, two).ratio()
    if _meanings(name) & _meanings(other):
        return 0.96 + 0.03 * spelt
    words, others = set(one.split("_")), set(two.split("_"))
    if words < others or others < words:
        return 0.95
    return 0.9 * spelt


def _meanings(column: str) -> set[str]:
    """Return what a column's name says that it holds: an age, a sex, a site, an id or a source."""
    name = normal_name(column)
    found = {role.name for role in ROLES.values() if name in role.names}
    found |= {what for what, words in _MEANINGS.items() if re.search(rf"(^|_)({words})($|_)", name)}
    return found | ({"age"} if means_age(column) else set())
