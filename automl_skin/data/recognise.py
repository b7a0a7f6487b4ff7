"""Which column is what: by what the user said, by known tables, by usual names, by values."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from automl_skin.data.headers import USUAL_NAMES, normal_name
from automl_skin.data.identifiers import is_prose, mostly_image_names
from automl_skin.data.locate import ImageIndex, file_stem
from automl_skin.data.role_values import why_not
from automl_skin.data.roles import SINGLE_ROLES, Roles
from automl_skin.data.sources import KnownTable, known_table
from automl_skin.data.table import id_text, require_column, to_numbers
from automl_skin.errors import ConfigError, TableError

_MOST = 0.5
_NEARLY_ALL = 0.9


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
    table : DataFrame of n_rows rows
        The table.
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
        If a named column does not exist or no image column can be found.
    ConfigError
        If a role is unknown.
    """
    known = known_table(table)
    chosen, reasons = _overridden(table, overrides)
    if target is not None:
        require_column(table, target, "--target")
        reasons[target] = "the target, as given"
    doubts: dict[str, str] = {}
    if "image" not in chosen:
        named = _image_names(table, known)
        chosen["image"], why = _choose_image(table, index, named)
        for name in named:
            if name in reasons:
                continue
            if _may_name_images(table[name]):
                reasons[name] = "another id of the image"
            elif name != chosen["image"]:
                reasons[name] = "named like the image, and its values name none"
                doubts[name] = f"{reasons[name]}; if they do, give --image-column"
        reasons[str(chosen["image"])] = why
    for role in SINGLE_ROLES:
        if role not in chosen:
            taken = {target, *chosen.values()}
            chosen[role], why = _choose_by_name(table, role, known, taken, doubts)
            reasons.setdefault(chosen[role] or "", why)
    taken = {target, *chosen.values(), *groups, *(known.images if known else ())}
    seconds = _other_photographs(table, index, str(chosen["image"]), taken)
    others = f"names other photographs than {chosen['image']!r}"
    reasons |= dict.fromkeys(seconds, others)
    doubts |= dict.fromkeys(
        seconds,
        f"{others}: they are not used. Give each photograph a row of its own, with the case in one column and the "
        "kind of photograph (dermoscopic, clinical) in another (--case-column, --image-role-column)",
    )
    reasons |= {
        column: f"named like a {role}, which its values are not"
        for column in doubts
        for role in ("case", "source")
        if column not in seconds and normal_name(column) in USUAL_NAMES[role]
    }
    reasons.pop("", None)
    roles = Roles(
        image=str(chosen["image"]),
        case=chosen["case"],
        image_role=chosen["image_role"],
        target=target,
        patient=chosen["patient"],
        lesion=chosen["lesion"],
        source=chosen["source"],
        table=known.name if known else None,
        doubts=doubts,
    )
    return _with_groups(table, roles, [*(known.groups if known else ()), *groups], reasons, set(groups))


def _overridden(
    table: pd.DataFrame, overrides: Mapping[str, str]
) -> tuple[dict[str, str | None], dict[str, str]]:
    """Return the columns that the user named, by role, and the reasons."""
    for role, column in overrides.items():
        if role not in SINGLE_ROLES:
            message = f"{role!r} must be a role of a column: {', '.join(SINGLE_ROLES)}"
            raise ConfigError(message)
        if role == "image" and not column:
            message = "--image-column: expected the column of the image ids or paths, got '' (every table needs one)"
            raise ConfigError(message)
        if column:
            require_column(table, column, f"the {role.replace('_', ' ')} column")
    chosen = {role: column or None for role, column in overrides.items()}
    return chosen, {column: "as given" for column in overrides.values() if column}


def _image_names(table: pd.DataFrame, known: KnownTable | None) -> list[str]:
    """Return the columns that by name may hold images, the most likely first."""
    by_name = _named(table, USUAL_NAMES["image"])
    listed = [name for name in known.images if name in table] if known else []
    return list(dict.fromkeys([*listed, *by_name]))


def _choose_image(table: pd.DataFrame, index: ImageIndex, named: Sequence[str]) -> tuple[str, str]:
    """Return the column most values of which name images; by name and form where no value does."""
    order = list(dict.fromkeys([*named, *map(str, table.columns)]))
    hits = {column: index.count(table[column]) for column in order}
    able = [name for name in order if hits[name] and (name in named or _is_covered(table[name], hits[name]))]
    if able:
        best = max(able, key=lambda column: hits[column])
        if best == (named or [""])[0]:
            return best, "recognised by its name, and its values are files of the image folder"
        return best, f"its values are files of the image folder ({hits[best]:,} different ones)"
    files = [column for column in order if mostly_image_names(id_text(table[column]))]
    if files:
        return files[0], "its values are names of image files"
    plausible = [column for column in named if _may_name_images(table[column])]
    if plausible:
        return plausible[0], "recognised by its name"
    folder, example = Path(index.root), ", ".join(index.paths[:3]) or "no images"
    message = (
        f"one column must hold the ids or paths of the images; the table has {', '.join(order)}, "
        f"and no value of theirs names a file of {folder} ({example}); "
        "name the image column, or check --images"
    )
    raise TableError(message)


def _is_unique(values: "pd.Series[Any]") -> bool:
    """Whether most rows have a value of their own, as images have."""
    return int(id_text(values).nunique()) >= _MOST * len(values)


def _is_covered(values: "pd.Series[Any]", hits: int) -> bool:
    """Whether a column of any name holds images: hardly a value twice, and files for most of them."""
    different = int(id_text(values).nunique())
    return different >= _NEARLY_ALL * len(values) and hits >= _MOST * different


def _may_name_images(values: "pd.Series[Any]") -> bool:
    """Whether a column that is named like images may hold their ids: no prose, and mostly different."""
    text = id_text(values)
    return _is_unique(values) and not is_prose(text)


def _other_photographs(
    table: pd.DataFrame, index: ImageIndex, image: str, taken: set[str | None]
) -> list[str]:
    """Return further columns that name photographs, other ones than the image column."""
    first = id_text(table[image]).map(file_stem, na_action="ignore")
    found = []
    for column in map(str, table.columns):
        if column in taken:
            continue
        text = id_text(table[column])
        present = int(text.notna().sum())
        if not present or not (mostly_image_names(text) or _names_files(table[column], index)):
            continue
        stems = text.map(file_stem, na_action="ignore")
        if (stems == first)[text.notna()].mean() < _MOST:
            found.append(column)
    return found


def _names_files(values: "pd.Series[Any]", index: ImageIndex) -> bool:
    """Whether most values name files of the folder and are no numbers that do so by chance."""
    present = id_text(values).dropna()
    if to_numbers(values).notna().sum() >= _MOST * len(present):
        return False
    return index.count(values) >= _MOST * present.nunique() and _is_unique(present)


def _choose_by_name(
    table: pd.DataFrame, role: str, known: KnownTable | None, taken: set[str | None], doubts: dict[str, str]
) -> tuple[str | None, str]:
    """Return the column of a role in a known table, or by its usual names where its values allow it."""
    if known is not None and role in {"patient", "lesion", "source"}:
        column = getattr(known, role)
        if column in table and column not in taken:
            return column, f"the {role} column of {known.name}"
    if known is not None and role in {"case", "image_role"}:
        return None, ""
    words = role.replace("_", " ")
    for name in _named(table, USUAL_NAMES[role]):
        if name in taken:
            continue
        why = why_not(role, table[name])
        if why is None:
            return name, f"the {words} column by its name"
        option = f"--{role.replace('_', '-')}-column"
        doubts[name] = (
            f"named like the {words} column and not taken for it: {why}; correct it, or give {option}"
        )
    return None, ""


def _named(table: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return the columns that bear one of some normal names, in the order of these."""
    by_name = {normal_name(str(column)): str(column) for column in reversed(table.columns)}
    return [by_name[name] for name in names if name in by_name]


def _with_groups(
    table: pd.DataFrame, roles: Roles, columns: Sequence[str], reasons: dict[str, str], given: set[str]
) -> Roles:
    """Return the roles with the group columns that are not group columns already."""
    groups = []
    for column in dict.fromkeys(columns):
        if column in given:
            require_column(table, column, "--group")
        if column not in table or column in {roles.patient, roles.lesion}:
            continue
        if column == roles.target:
            message = f"--group {column!r} must be an id column and is the target; choose another"
            raise TableError(message)
        if column in given:
            reasons[column] = "a group column, as given by --group"
        reasons.setdefault(column, "a group column")
        groups.append(column)
    return replace(roles, groups=tuple(groups), reasons=reasons)
