"""What was understood, in lines that a newcomer can read."""

from typing import TYPE_CHECKING, Any

from automl_skin.data.manifest import Manifest
from automl_skin.data.roles import ROLES, ties_cases
from automl_skin.data.wording import list_some

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 8


def describe(manifest: Manifest) -> list[str]:
    """Return what was understood of a table: images, target, groups, metadata, ignored columns, findings."""
    lines = [
        _table_line(manifest),
        _image_line(manifest),
        *_target_lines(manifest),
        *_group_lines(manifest),
        *_metadata_lines(manifest),
        *_ignored_lines(manifest),
    ]
    lines += [f"{'Note:':<10}{remark.column}: {remark.text}" for remark in manifest.findings]
    return lines


def _table_line(manifest: Manifest) -> str:
    """Return how much there is, and which table it is."""
    known = manifest.roles.table
    what = f"recognised as {known}" if known else "none of the known tables; columns recognised one by one"
    return f"{'Table:':<10}{_count(len(manifest.cases), 'case')}, {what}"


def _image_line(manifest: Manifest) -> str:
    """Return where images were found."""
    roles, images = manifest.roles, manifest.images
    if not manifest.has_photographs:
        return f"{'Images:':<10}no photographs given; {_id_words(manifest)}"
    found = int((images["status"] == "found").sum())
    parts = [f"{found:,} of {len(images):,} found in {manifest.images_root}, by column {roles.image!r}"]
    why = roles.reasons.get(roles.image)
    if why:
        parts.append(f"({why})")
    if roles.case is not None:
        parts.append(f"; cases by column {roles.case!r}")
    if roles.image_role is not None:
        parts.append(f"; kinds of photograph by column {roles.image_role!r}: {_kinds(manifest)}")
    return f"{'Images:':<10}" + " ".join(parts)


def _id_words(manifest: Manifest) -> str:
    """Return by which columns rows, cases and kinds of photograph are told apart where there are no photographs."""
    roles = manifest.roles
    parts = [f"ids by column {roles.image!r}" if roles.image else "no column names them: rows by their place"]
    if roles.case is not None:
        parts.append(f"cases by column {roles.case!r}")
    if roles.image_role is not None:
        parts.append(f"kinds of photograph by column {roles.image_role!r}: {_kinds(manifest)}")
    return "; ".join(parts)


def _kinds(manifest: Manifest) -> str:
    """Return how many cases have each kind of photograph."""
    has = manifest.images.groupby("role")["case"].nunique()
    counts = [f"{role} of {count:,} cases" for role, count in has.items()]
    return f"{list_some(counts, WIDTH)}, {len(manifest.cases):,} cases in all"


def _target_lines(manifest: Manifest) -> list[str]:
    """Return what is to be predicted, with the counts."""
    target = manifest.target
    if target is None:
        return [f"{'Target:':<10}none (a table to be scored)"]
    counts = manifest.cases["label"].value_counts()
    classes = ", ".join(f"{name}: {counts.get(code, 0):,}" for code, name in enumerate(target.classes))
    lines = [f"{'Target:':<10}column {target.column!r}, {target.note} ({classes})"]
    diagnoses = manifest.cases["diagnosis"].value_counts()
    if len(target.levels) > len(target.classes):
        listed = [f"{name} {count:,}" for name, count in diagnoses.items()]
        lines.append(f"{'':<10}diagnoses: {list_some(listed, WIDTH * 2)}")
    return lines


def _group_lines(manifest: Manifest) -> list[str]:
    """Return by which columns cases belong together."""
    roles, lines = manifest.roles, []
    for name, column in roles.case_columns.items():
        values = manifest.cases[name]
        purpose = ", kept together" if ties_cases(name) else ""
        kind = name if name in ROLES else "group"
        lines.append(
            f"{kind.capitalize() + ':':<10}column {column!r}, {values.nunique():,} different, "
            f"{int(values.isna().sum()):,} missing{purpose}"
        )
    if roles.group_columns:
        return lines
    together = (
        "only duplicate images are kept together" if manifest.has_photographs else "each case stands alone"
    )
    return [*lines, f"{'Groups:':<10}no patient or lesion column: {together} (--group)"]


def _metadata_lines(manifest: Manifest) -> list[str]:
    """Return the metadata columns with their kinds."""
    if not manifest.kinds:
        return [f"{'Metadata:':<10}none"]
    return [
        f"{'Metadata:' if position == 0 else '':<10}{column} ({_summary(manifest.metadata[column], kind)})"
        for position, (column, kind) in enumerate(manifest.kinds.items())
    ]


def _summary(values: "pd.Series[Any]", kind: str) -> str:
    """Return kind, range or levels, and missing values of a metadata column."""
    missing = int(values.isna().sum())
    present = values.dropna()
    if present.empty:
        return f"{kind}, missing in all rows"
    if kind == "number":
        content = f"number, {present.min():g} to {present.max():g}"
    else:
        content = f"category: {list_some(present.value_counts().index, WIDTH)}"
    return content + (f"; {missing:,} missing" if missing else "")


def _ignored_lines(manifest: Manifest) -> list[str]:
    """Return the ignored columns, those of one reason together."""
    by_reason: dict[str, list[str]] = {}
    for column in manifest.roles.ignored:
        by_reason.setdefault(manifest.roles.reasons.get(column, "not used"), []).append(column)
    return [
        f"{'Ignored:' if position == 0 else '':<10}{', '.join(columns)}: {reason}"
        for position, (reason, columns) in enumerate(by_reason.items())
    ]


def _count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
