"""``automl-skin reproduce``: a paper's study from its file to its report."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from automl_skin.errors import AutomlSkinError, ConfigError
from automl_skin.files import storage_boundary, write_text
from automl_skin.papers.analyses.catalogue import check_call, run_analysis
from automl_skin.papers.analyses.models import absent_classes, lacking_sides, no_class
from automl_skin.papers.context import ReproduceContext, Section
from automl_skin.papers.events import (
    BenchEnded,
    LeftOut,
    ReproduceEvent,
    ReproduceListener,
    VariantBegan,
    VariantEnded,
)
from automl_skin.papers.honesty.bench import run_bench, summarise
from automl_skin.papers.honesty.ours import OurTool
from automl_skin.papers.honesty.report import COLUMNS, bench_report, table_rows
from automl_skin.papers.metrics import classes_named
from automl_skin.papers.preparations import preparation_by_name
from automl_skin.papers.reading import find_study_file
from automl_skin.papers.report import Reproduced, conclude_variant, report_text
from automl_skin.papers.run import run_variant
from automl_skin.papers.study_file import AnalysisCall, StudyFile, Table, Variant
from automl_skin.papers.tables import fill_table
from automl_skin.papers.variant import Overrides, open_variant
from automl_skin.settings import AnyPath, Workspace
from automl_skin.steps.events import Progressed, start_progress
from automl_skin.steps.track import Tracked, to_standard_error
from automl_skin.study.keywords import PlacedSettings, with_keywords_of
from automl_skin.workers.processes import available_processors

REPORT, SMOKE_REPORT = "report.md", "report-smoke.md"


@dataclass(frozen=True)
class Reproduction:
    """What came of running a paper's study.

    Parameters
    ----------
    report : Path
        The Markdown file.
    """

    file: StudyFile
    variants: tuple[Reproduced, ...]
    report: Path


def reproduce(
    workspace: Workspace,
    file: StudyFile,
    overrides: Overrides,
    tell: ReproduceListener,
    command: str,
) -> Reproduction:
    """Run or continue the variants of a paper's study and write its report.

    Parameters
    ----------
    command : str
        As it stands in the report.

    Raises
    ------
    AutomlSkinError
        With what is finished kept; the same call continues.
    """
    if file.worlds:
        return _run_honesty(workspace, file, overrides, tell, command)
    chosen = _chosen(file, overrides.variants)
    for call in file.analyses:  # a slip is found before hours of work
        check_call(call)
    for variant in chosen:
        if variant.preparation:
            preparation_by_name(variant.preparation)
    folder = workspace.study_folder(file.name)
    report = folder / (SMOKE_REPORT if overrides.smoke else REPORT)
    done: list[Reproduced] = []
    for variant in chosen:
        done.append(_reproduce_variant(workspace, file, variant, overrides, tell))
        when = datetime.now(tz=UTC).isoformat(timespec="seconds")
        write_text(report, report_text(file, done, folder, command, when))
        tell(VariantEnded(done[-1]))
    return Reproduction(file, tuple(done), report)


def _run_honesty(
    workspace: Workspace, file: StudyFile, overrides: Overrides, tell: ReproduceListener, command: str
) -> Reproduction:
    """Run or continue the simulated studies of the honesty bench and write its report."""
    known = {world.name: world for world in file.worlds}
    wanted = overrides.variants or tuple(known)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ConfigError(f"a world of {file.name}: expected one of {', '.join(known)}, got {unknown[0]!r}")
    folder, smoke = workspace.study_folder(file.name), overrides.smoke
    worlds = [world for name, world in known.items() if name in wanted and (world.smoke_studies or not smoke)]
    jobs = int(overrides.flags.get("jobs") or available_processors())
    progress = start_progress(tell, "Simulated studies")
    rows = run_bench(OurTool(file.settings), worlds, folder / "runs", jobs, progress, smoke=smoke)
    summary = summarise(rows)
    report = folder / (SMOKE_REPORT if smoke else REPORT)
    write_text(report, bench_report(worlds, summary, command))
    write_text(report.with_suffix(".csv"), summary.to_csv(index=False, lineterminator="\n"))
    tell(BenchEnded(COLUMNS, {each.title: table_rows(summary, each.name) for each in worlds}))
    return Reproduction(file, (), report)


@dataclass(frozen=True)
class ReproduceCall(PlacedSettings):
    """Arguments of `reproduce_study`: settings, which win over those of the study's file, and these.

    Parameters
    ----------
    name : str or path
        One of those that ``automl-skin studies`` lists, or a folder with one.
    variants, cells : sequence of str
        Those that are run; all by default.
    smoke : bool
        The small form, on synthetic data.
    open_again : bool
        Open the locked cases although they were opened for other cells.
    """

    name: AnyPath
    _: KW_ONLY
    variants: Sequence[str] = ()
    cells: Sequence[str] = ()
    smoke: bool = False
    open_again: bool = False


@storage_boundary()
@with_keywords_of(ReproduceCall)
def reproduce_study(call: ReproduceCall, settings: dict[str, Any]) -> Reproduction:
    """Run or continue a paper's study; every model becomes a run in MLflow.

    The arguments are those of `ReproduceCall`.

    Raises
    ------
    AutomlSkinError
        What is finished is kept, and the same call continues it.
    """
    overrides = Overrides(settings, call.smoke, tuple(call.variants), tuple(call.cells), call.open_again)
    command = f"automl_skin.reproduce_study({str(call.name)!r})"
    return reproduce(call.place, find_study_file(call.place, str(call.name)), overrides, _InMlflow(), command)


class _InMlflow:
    """Tells MLflow alone how a reproduction goes; a `ReproduceListener`."""

    def __call__(self, event: ReproduceEvent) -> None:
        match event:
            case VariantBegan():
                self.tracked = Tracked(event.study)
            case LeftOut():
                for line in event.lines:
                    to_standard_error(f"Cannot be shown on these data, and left out: {line}")
            case VariantEnded():
                conclude_variant(self.tracked, event.reproduced)
            case Progressed() | BenchEnded():
                pass  # also before the first variant begins; simulated studies are no runs
            case _:
                self.tracked(event)


def _reproduce_variant(
    workspace: Workspace, file: StudyFile, variant: Variant, overrides: Overrides, tell: ReproduceListener
) -> Reproduced:
    start = time.monotonic()
    opened = open_variant(workspace, file, variant, overrides, tell)
    tell(VariantBegan(variant, opened.study))
    tables = [table for table in file.tables if variant.name in (table.variants or (variant.name,))]
    calls = [call for call in file.analyses if variant.name in (call.variants or (variant.name,))]

    def prepared(classes: Sequence[str]) -> None:
        lines = list(list_left_out(tables, calls, classes))
        if lines:
            tell(LeftOut(lines))

    context = run_variant(opened, tell, prepared, open_again=overrides.open_again)
    filled = tuple(fill_table(table, context) for table in tables)
    sections = tuple(_section(call, context) for call in calls)
    return Reproduced(context, filled, sections, time.monotonic() - start)


def list_left_out(
    tables: Sequence[Table], calls: Sequence[AnalysisCall], classes: Sequence[str]
) -> Iterator[str]:
    """Yield what of a variant's tables and pictures cannot be shown for lack of a class, one line per item."""
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


def _section(call: AnalysisCall, context: ReproduceContext) -> Section:
    """Return what an analysis shows; one that fails on these data says why, and the rest of the report is written."""
    try:
        return run_analysis(call, context)
    except (AutomlSkinError, ValueError, ArithmeticError, LookupError) as error:
        reason = str(error) if isinstance(error, AutomlSkinError) else f"{type(error).__name__}: {error}"
        return Section(str(call.options.get("title", call.name)), f"Left out: {reason}")


def _chosen(file: StudyFile, names: Sequence[str]) -> list[Variant]:
    known = {variant.name: variant for variant in file.variants}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigError(f"a variant of {file.name}: expected one of {', '.join(known)}, got {unknown[0]!r}")
    return [variant for name, variant in known.items() if not names or name in names]
