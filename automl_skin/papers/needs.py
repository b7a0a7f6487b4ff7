"""What a paper's models and pictures need of a table: what cannot be had is known before anything is computed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from automl_skin.data.manifest import Manifest
from automl_skin.errors import ConfigError
from automl_skin.features.lesion import roles_of
from automl_skin.papers.cells import PlannedCell
from automl_skin.papers.metrics import classes_named
from automl_skin.papers.study_file import AnalysisCall, Table


def leave_out_cells(cells: Sequence[PlannedCell], manifest: Manifest) -> tuple[PlannedCell, ...]:
    """Return the cells of which those are not run that need a field or a kind of photograph that the table lacks.

    Raises
    ------
    ConfigError
        If none is left.
    """
    lacks = [each.not_run or what_lacks(each, manifest) for each in cells]
    if all(lacks):
        reasons = "; ".join(f"{each.cell.name}: {reason}" for each, reason in zip(cells, lacks, strict=True))
        raise ConfigError(f"none of the models can be run on this table ({reasons})")
    return tuple(replace(each, not_run=reason) for each, reason in zip(cells, lacks, strict=True))


def what_lacks(planned: PlannedCell, manifest: Manifest) -> str:
    """Return what a cell needs and the table has not, in words; empty where there is all."""
    fields = [name for name in planned.cell.fields if name not in manifest.kinds]
    if fields:
        return f"no field {', '.join(fields)} in the table, which has {', '.join(manifest.kinds) or 'none'}"
    wanted = str(planned.cell.choose.get("roles", ""))
    kinds = roles_of(manifest.images)
    if wanted and (len(kinds) < 2 or not set(wanted.split("+")) <= set(kinds)):
        return f"needs photographs of the kinds close-up and dermoscopic, and the table has {', '.join(kinds)} alone"
    return ""


def list_left_out(
    tables: Sequence[Table], calls: Sequence[AnalysisCall], classes: Sequence[str]
) -> Iterator[str]:
    """Yield what of a variant's tables and pictures cannot be shown without a class, one line each."""
    for table in tables:
        metrics = {row.metric or column.metric for row in table.rows for column in table.headed}
        absent = sorted({name for metric in metrics for name in classes_named(metric)} - set(classes))
        if absent:
            yield f"{table.title}: figures of {', '.join(absent)} ({no_class(absent, classes)})"
    for call in calls:
        title = call.options.get("title", call.name)
        absent = absent_classes(call.options.get("positive", ()), classes)
        if absent:
            yield f"{title}: {no_class(absent, classes)}"
        for side, reason in lacking_sides(call.options.get("sides", {}), classes).items():
            yield f"{title}: {side} ({reason})"


def absent_classes(names: Iterable[Any], classes: Sequence[str]) -> list[str]:
    """Return the names that no class has."""
    return [name for name in map(str, names) if name not in classes]


def lacking_sides(sides: Mapping[str, Sequence[str]], classes: Sequence[str]) -> dict[str, str]:
    """Return by side (some classes against all others) why it cannot be shown, for those that cannot."""
    absent = {side: absent_classes(names, classes) for side, names in sides.items()}
    return {side: no_class(names, classes) for side, names in absent.items() if names}


def no_class(absent: Sequence[str], classes: Sequence[str]) -> str:
    """Say which classes there are not.

    Examples
    --------
    >>> no_class(["carcinoma"], ["naevus", "melanoma"])
    "no class 'carcinoma'; the classes are naevus, melanoma"
    """
    names = ", ".join(repr(name) for name in absent)
    return f"no class {names}; the classes are {', '.join(classes)}"
