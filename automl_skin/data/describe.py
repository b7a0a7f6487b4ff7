"""What was understood, in lines that a newcomer can read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from automl_skin.data.manifest import Manifest

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


def _kinds(manifest: Manifest) -> str:
    """Return how many cases have each kind of photograph."""
    has = manifest.images.groupby("role")["case"].nunique()
    counts = [f"{role} of {count:,} cases" for role, count in has.items()]
    return f"{_shortened(counts[:WIDTH], len(counts))}, {len(manifest.cases):,} cases in all"


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
        listed = [f"{name} {count:,}" for name, count in diagnoses.head(WIDTH * 2).items()]
        lines.append(f"{'':<10}diagnoses: {_shortened(listed, len(diagnoses))}")
    return lines


def _group_lines(manifest: Manifest) -> list[str]:
    """Return by which columns cases belong together."""
    roles, lines = manifest.roles, []
    named = [("patient", roles.patient), ("lesion", roles.lesion), ("source", roles.source)]
    named += [(f"group_{column}", column) for column in roles.groups]
    for name, column in named:
        if column is None:
            continue
        values = manifest.cases[name]
        purpose = "" if name == "source" else ", kept together"
        kind = name if name in {"patient", "lesion", "source"} else "group"
        lines.append(
            f"{kind.capitalize() + ':':<10}column {column!r}, {values.nunique():,} different, "
            f"{int(values.isna().sum()):,} missing{purpose}"
        )
    if not roles.group_columns:
        lines.append(
            f"{'Groups:':<10}no patient or lesion column: only duplicate images are kept together (--group)"
        )
    return lines


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
        levels = present.value_counts()
        content = f"category: {_shortened([str(level) for level in levels.head(WIDTH).index], len(levels))}"
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


def _shortened(items: Sequence[str], total: int) -> str:
    """Return items in a row, with how many more there are."""
    rest = total - len(items)
    return ", ".join(items) + (f" and {rest:,} more" if rest > 0 else "")


def _count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
