"""Which column is what: by what the user said, by known tables, by usual names, by values."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from automl_skin.data.headers import normal_name
from automl_skin.data.locate import ImageIndex, file_stem
from automl_skin.data.pairs import find_pairs, kind_columns
from automl_skin.data.role_values import mostly_different, mostly_image_names
from automl_skin.data.roles import ROLES, Role, Roles
from automl_skin.data.sources import KnownTable, known_table
from automl_skin.data.table import id_text, require_column, to_numbers
from automl_skin.errors import ConfigError, TableError

MIN_SHARE = 0.5
"""Of a column's values, where most of them have to do something."""
MIN_UNIQUE = 0.9
"""Share of the rows that a column of any name has different values in when it holds images."""


def recognise(
    table: pd.DataFrame,
    index: ImageIndex,
    overrides: Mapping[str, str],
    target: str | None = None,
    groups: Sequence[str] = (),
) -> Roles:
    """Decide which columns hold ids, images and groups; metadata is decided later.

    Parameters
    ----------
    index : ImageIndex
        The images, which tell the image column by its values.
    overrides : mapping of str to str
        Columns by role, as the user said; an empty name means that there is no such column.
    target : str or None
        The diagnosis.
    groups : sequence of str
        Further group columns.

    Raises
    ------
    TableError
        If a named column does not exist or no image column can be found; without a folder there need be none.
    ConfigError
        If a role is unknown.
    """
    known = known_table(table)
    chosen, reasons = _overridden(table, overrides, has_photographs=index.is_folder)
    if target is not None:
        require_column(table, target, "--target")
        reasons[target] = "the target, as given"
    doubts: dict[str, str] = {}
    if "image" not in chosen:
        chosen["image"] = _recognise_image(table, index, known, reasons, doubts)
    image = str(chosen["image"] or "")
    free = "case" not in chosen and "image_role" not in chosen
    for role in ROLES.values():
        if role.name not in chosen:
            taken = {target, *chosen.values()}
            chosen[role.name] = _choose_by_name(table, role, known, taken, reasons, doubts)
    if free and chosen["case"] is None:
        _pair_up(table, known, chosen, reasons, doubts)
    taken = {target, *chosen.values(), *groups, *(known.images if known else ())}
    for column in _other_photographs(table, index, image, taken) if image else ():
        reasons[column] = f"names other photographs than {image!r}"
        doubts[column] = (
            f"{reasons[column]}: they are not used. Give each photograph a row of its own, with the case in one "
            "column and the kind of photograph (dermoscopic, clinical) in another "
            f"({ROLES['case'].option}, {ROLES['image_role'].option})"
        )
    roles = Roles(image, target=target, table=known.name if known else None, doubts=doubts)
    roles = replace(roles, **{**chosen, "image": image})
    return _with_groups(table, roles, [*(known.groups if known else ()), *groups], reasons, set(groups))


def _overridden(
    table: pd.DataFrame, overrides: Mapping[str, str], *, has_photographs: bool
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the columns that the user named, by role, and the reasons."""
    for name, column in overrides.items():
        if name not in ROLES:
            raise ConfigError(f"expected a role of a column ({', '.join(ROLES)}), got {name!r}")
        if name == "image" and not column and has_photographs:
            message = "--image-column: expected the column of the image ids or paths, got '' (every table needs one)"
            raise ConfigError(message)
        if column:
            require_column(table, column, f"the {ROLES[name].words}")
    chosen: dict[str, Any] = {role: column or None for role, column in overrides.items()}
    return chosen, {column: "as given" for column in overrides.values() if column}


def _recognise_image(
    table: pd.DataFrame,
    index: ImageIndex,
    known: KnownTable | None,
    reasons: dict[str, str],
    doubts: dict[str, str],
) -> str:
    """Return the image column; add why, and what became of the other columns that are named like it."""
    role = ROLES["image"]
    listed = [name for name in known.images if name in table] if known else []
    named = list(dict.fromkeys([*listed, *_named(table, role)]))
    able = [name for name in named if role.why_not(table[name]) is None]
    published = [name for name in able if name in listed]
    chosen, why = _choose_image(table, index, named, able, published)
    for name in named:
        if name in reasons:
            continue
        if name in able:
            reasons[name] = "another id of the image"
        elif name != chosen:
            reasons[name] = "named like the image, but its values name no images"
            doubts[name] = f"{reasons[name]}; if they do, give {role.option}"
    if chosen:
        reasons[chosen] = why
    return chosen


def _choose_image(
    table: pd.DataFrame,
    index: ImageIndex,
    named: Sequence[str],
    able: Sequence[str],
    published: Sequence[str],
) -> tuple[str, str]:
    """Return the column most values of which name images; else that of a known table; else one by name and form."""
    order = list(dict.fromkeys([*named, *map(str, table.columns)]))
    hits = {column: index.count(table[column]) for column in order}
    found = [name for name in order if hits[name] and (name in named or _is_covered(table[name], hits[name]))]
    if found:
        best = max(found, key=lambda column: hits[column])
        if best == (named or [""])[0]:
            return best, "recognised by its name, and its values are files of the image folder"
        return best, f"its values are files of the image folder ({hits[best]:,} different ones)"
    if published:
        return published[0], "recognised by its name"
    files = [column for column in order if mostly_image_names(id_text(table[column]))]
    if files:
        return files[0], "its values are names of image files"
    if able:
        return able[0], "recognised by its name"
    if not index.is_folder:
        return "", ""
    message = (
        f"expected a column with the ids or paths of the images, got {', '.join(order)}, none of whose values name a "
        f"file of {index.root} ({', '.join(index.paths[:3]) or 'no images'}); name the image column, or check --images"
    )
    raise TableError(message)


def _is_covered(values: "pd.Series[Any]", hits: int) -> bool:
    """Whether a column of any name holds images: hardly a value twice, and files for most of them."""
    different = int(id_text(values).nunique())
    return different >= MIN_UNIQUE * len(values) and hits >= MIN_SHARE * different


def _other_photographs(
    table: pd.DataFrame, index: ImageIndex, image: str, taken: set[str | None]
) -> list[str]:
    """Return further columns that name photographs, other ones than the image column."""
    first = id_text(table[image]).map(file_stem, na_action="ignore")
    found = []
    for column in map(str, table.columns):
        text = id_text(table[column])
        if column in taken or text.isna().all():
            continue
        if mostly_image_names(text) or _names_files(table[column], index):
            stems = text.map(file_stem, na_action="ignore")
            if (stems == first)[text.notna()].mean() < MIN_SHARE:
                found.append(column)
    return found


def _names_files(values: "pd.Series[Any]", index: ImageIndex) -> bool:
    """Whether most values name files of the folder, and are not numbers that do so by chance."""
    present = id_text(values).dropna()
    if to_numbers(values).notna().sum() >= MIN_SHARE * len(present):
        return False
    return index.count(values) >= MIN_SHARE * present.nunique() and mostly_different(present)


def _choose_by_name(
    table: pd.DataFrame,
    role: Role,
    known: KnownTable | None,
    taken: set[str | None],
    reasons: dict[str, str],
    doubts: dict[str, str],
) -> str | None:
    """Return the column of a role in a known table, or by its usual names where its values allow it; add why."""
    column = known.roles.get(role.name) if known else None
    if known and column in table and column not in taken:
        reasons.setdefault(str(column), f"the {role.words} of {known.name}")
        return column
    if known is not None and not role.of_cases:
        return None
    for name in _named(table, role):
        if name in taken:
            continue
        why = role.why_not(table[name])
        if why is None:
            reasons.setdefault(name, f"the {role.words} by its name")
            return name
        doubts[name] = (
            f"named like the {role.words} but not used as such: {why}; correct it, or give {role.option}"
        )
        if role.never_metadata:
            reasons[name] = f"named like a {role.name}, but its values do not fit"
    return None


def _pair_up(
    table: pd.DataFrame,
    known: KnownTable | None,
    chosen: dict[str, Any],
    reasons: dict[str, str],
    doubts: dict[str, str],
) -> None:
    """Make the lesion the case, and a column the kind of photograph, where each lesion has one of each kind."""
    of_pairs = known is not None and known.pairs in table
    case, kinds = chosen["lesion"], kind_columns(table)
    if known is not None and of_pairs:
        case, kinds = known.pairs, [known.kind]
    pairs, why_not = find_pairs(table, case, [name for name in kinds if name in table], known=of_pairs)
    if pairs is not None:
        chosen |= {"case": pairs.case, "image_role": pairs.kind}
        reasons |= {pairs.case: pairs.reason, pairs.kind: "the kind of photograph: a case has one of each"}
    elif why_not:
        doubts[str(case)] = why_not


def _named(table: pd.DataFrame, role: Role) -> list[str]:
    """Return the columns that bear a name of the role, the most telling first."""
    by_name = {normal_name(str(column)): str(column) for column in reversed(table.columns)}
    return [by_name[name] for name in role.names if name in by_name]


def _with_groups(
    table: pd.DataFrame, roles: Roles, columns: Sequence[str], reasons: dict[str, str], given: set[str]
) -> Roles:
    """Return the roles with the group columns that are not group columns already."""
    groups = []
    for column in dict.fromkeys(columns):
        if column in given:
            require_column(table, column, "--group")
        if column not in table or column in roles.group_columns:
            continue
        if column == roles.target:
            raise TableError(f"--group {column!r}: expected a column of ids, got the target; choose another")
        if column in given:
            reasons[column] = "a group column, as given by --group"
        reasons.setdefault(column, "a group column")
        groups.append(column)
    return replace(roles, groups=tuple(groups), reasons=reasons)
