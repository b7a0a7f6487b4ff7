"""Which column is what: by what the user said, by known tables, by usual names, by values."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from automl_skin.data.locate import ImageIndex
from automl_skin.data.roles import SINGLE_ROLES, Roles
from automl_skin.data.sources import KnownTable, known_table, normal_name
from automl_skin.data.table import require_column
from automl_skin.errors import ConfigError, TableError

USUAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "image": (
        *("image_id", "img_id", "isic_id", "image_name", "image_path", "image_file", "image", "img"),
        *("filename", "file_name", "filepath", "file_path", "file", "path", "imageid", "id"),
    ),
    "case": ("case_id", "case"),
    "image_role": ("image_role", "role", "view"),
    "patient": ("patient_id", "patient", "patientid", "pid", "subject_id", "subject"),
    "lesion": ("lesion_id", "lesion", "lesionid"),
    "source": ("source", "hospital", "centre", "center", "institution", "clinic", "collection", "dataset"),
}
"""Normal names of columns, the most telling first."""


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
    if "image" not in chosen:
        named = _image_names(table, known)
        chosen["image"], why = _choose_image(table, index, named)
        reasons |= {column: "another id of the image" for column in named if column not in reasons}
        reasons[str(chosen["image"])] = why
    for role in SINGLE_ROLES:
        if role not in chosen:
            chosen[role], why = _choose_by_name(table, role, known, {target, *chosen.values()})
            reasons.setdefault(chosen[role] or "", why)
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
        if column or role == "image":
            require_column(table, column, f"the {role.replace('_', ' ')} column")
    chosen = {role: column or None for role, column in overrides.items()}
    return chosen, {column: "as given" for column in overrides.values() if column}


def _image_names(table: pd.DataFrame, known: KnownTable | None) -> list[str]:
    """Return the columns that by name may hold images, the most likely first."""
    by_name = _named(table, USUAL_NAMES["image"])
    listed = [name for name in known.images if name in table] if known else []
    return list(dict.fromkeys([*listed, *by_name]))


def _choose_image(table: pd.DataFrame, index: ImageIndex, named: Sequence[str]) -> tuple[str, str]:
    """Return the column most values of which name images; by name where no value does."""
    order = list(dict.fromkeys([*named, *map(str, table.columns)]))
    hits = {column: index.count(table[column]) for column in order}
    best = max(order, key=lambda column: hits[column])
    if hits[best] == 0 and not named:
        folder, example = Path(index.root), ", ".join(index.paths[:3]) or "no images"
        message = (
            f"one column must hold the ids or paths of the images; the table has {', '.join(order)}, "
            f"and no value of theirs names a file of {folder} ({example}); "
            "name the image column, or check --images"
        )
        raise TableError(message)
    if hits[best] == 0:
        return named[0], "recognised by its name"
    if named and best == named[0]:
        return best, "recognised by its name, and its values are files of the image folder"
    return best, f"its values are files of the image folder ({hits[best]:,} different ones)"


def _choose_by_name(
    table: pd.DataFrame, role: str, known: KnownTable | None, taken: set[str | None]
) -> tuple[str | None, str]:
    """Return the column of a role in a known table, or by its usual names."""
    if known is not None and role in {"patient", "lesion", "source"}:
        column = getattr(known, role)
        if column in table and column not in taken:
            return column, f"the {role} column of {known.name}"
    if known is not None and role in {"case", "image_role"}:
        return None, ""
    names = [name for name in _named(table, USUAL_NAMES[role]) if name not in taken]
    return (names[0], f"the {role} column by its name") if names else (None, "")


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
