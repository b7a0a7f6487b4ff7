"""What a variant came to: ``report.md`` with tables and pictures, and the same in MLflow, a run per cell."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from automl_skin.papers.context import ReproduceContext, Section
from automl_skin.papers.markdown import mean_and_deviation
from automl_skin.papers.metrics import published_metric
from automl_skin.papers.study_file import StudyFile
from automl_skin.papers.tables import FilledTable
from automl_skin.steps.locked import has_locked_cases
from automl_skin.steps.track import Tracked
from automl_skin.tracking.facts import Conclusion

METRICS = ("mean_class_recall", "top_1", "auc", "average_precision")
"""What every cell's run gets, mean and standard deviation over folds, besides what a trial's run has."""


@dataclass(frozen=True)
class Reproduced:
    """A variant that was run, with what is shown of it.

    Parameters
    ----------
    seconds : float
        Of this call.
    """

    context: ReproduceContext
    tables: tuple[FilledTable, ...]
    sections: tuple[Section, ...]
    seconds: float


def report_text(
    file: StudyFile, variants: Sequence[Reproduced], folder: Path, command: str, when: str
) -> str:
    """Return the report as Markdown, pictures named relative to `folder`."""
    paper = file.paper
    lines = [
        f"# {file.name}",
        "",
        f"{paper.what} {paper.citation}",
        "",
        f"- Command: `{command}`",
        f"- When: {when}",
        f"- Needs: {paper.needs}",
        *([f"- Took before: {paper.took}"] if paper.took else []),
        *([f"- Expected: {paper.expected}"] if paper.expected else []),
        "",
    ]
    for each in variants:
        lines += _variant(each, folder)
    return "\n".join(lines)


def _variant(each: Reproduced, folder: Path) -> list[str]:
    context = each.context
    lines = [f"## {context.variant.name}: {context.variant.title}", "", *_facts(each), ""]
    for table in each.tables:
        lines += [f"### {table.title}", "", table.markdown(), ""]
    for section in each.sections:
        lines += _section(section, folder)
    reasons = [
        f"- {name}: {result.state}: {result.reason}"
        for name, result in context.cells.items()
        if result.state != "finished"
    ]
    return [*lines, *(["### Not run", "", *reasons, ""] if reasons else [])]


def _section(section: Section, folder: Path) -> list[str]:
    pictures = [
        f"![{section.title}]({Path(os.path.relpath(path, folder)).as_posix()})" for path in section.pictures
    ]
    return [
        f"### {section.title}",
        "",
        section.markdown,
        "",
        *(text for each in pictures for text in (each, "")),
    ]


def _facts(each: Reproduced) -> list[str]:
    """Say on what data and by which plan the figures are."""
    context = each.context
    study, material = context.study, context.material
    plan = study.read_plan()
    counts = [
        f"{name} {int((material.labels == label).sum()):,}" for label, name in enumerate(context.classes)
    ]
    data = f"{len(material.labels):,} development cases in {material.n_folds} folds ({', '.join(counts)})"
    cells = f"{len(context.finished)} of {len(context.cells)} cells finished"
    tables = "; ".join(map(str, study.config.tables))
    facts = [
        f"- Data: {tables}; {data}, {len(plan.locked):,} locked; plan {plan.digest[:12]}",
        f"- Study: {study.folder.name}; {cells}, {each.seconds:.0f} s in this call",
        *([f"- Changed: {', '.join(context.changes)}"] if context.changes else []),
        *(f"- Note: {note}" for note in plan.remarks),
    ]
    if plan.waiver:
        facts.append(
            f"- **Leakage was waived**: {plan.crossing_share:.1%} of the cases have their group on more than one "
            "side, as the paper's split has; read the variant with whole groups beside it."
        )
    return [*facts, *_locked_facts(context)]


def _locked_facts(context: ReproduceContext) -> list[str]:
    if not has_locked_cases(context.study):
        return ["- No locked part: every figure is out-of-fold."]
    if context.locked is None:
        return ["- The locked cases stay closed: they were opened for other cells before (--open-again)."]
    locked = context.locked
    often = "" if locked.times_opened == 1 else f"; {locked.opened}, so that these figures may be too good"
    opened = f"opened on {context.locked.when} after every cell was fixed{often}"
    return [f"- Locked cases: {len(context.locked.labels):,}, {opened}."]


def conclude_variant(tracked: Tracked, reproduced: Reproduced) -> None:
    """Write what a variant came to, and close its run."""
    context, tracker = reproduced.context, tracked.tracker
    if tracker is None:
        return
    records = [each.record for each in context.cells.values() if each.record is not None]
    states = [each.state for each in context.cells.values()]
    files = {f"table-{number}.md": text.encode() for number, text in enumerate(_table_texts(reproduced), 1)}
    folders = {"pictures": context.folder} if context.folder.is_dir() else {}
    conclusion = Conclusion(
        records=context.study.journal.read(),
        weights={},
        metrics={f"cells_{state.replace(' ', '_')}": float(states.count(state)) for state in set(states)},
        files=files,
        folders=folders,
        note="\n\n".join(_table_texts(reproduced)),
        trial_metrics={
            result.record.plan.number: _metrics(reproduced, name)
            for name, result in context.finished.items()
            if result.record is not None and result.record in records
        },
    )
    tracker.conclude(conclusion)


def _table_texts(reproduced: Reproduced) -> list[str]:
    return [f"**{table.title}**\n\n{table.markdown()}" for table in reproduced.tables]


def _metrics(reproduced: Reproduced, cell: str) -> dict[str, float]:
    """Return mean and standard deviation over folds of a cell's metrics, those that are numbers."""
    context = reproduced.context
    values: dict[str, float] = {}
    for name in METRICS:
        metric = published_metric(name, context.classes)
        folds = metric.on_parts(context.parts(cell, calibrated=metric.calibrated))
        mean, deviation = mean_and_deviation(folds)
        if not math.isnan(mean):
            values |= {f"{name}_mean": mean, f"{name}_sd": deviation}
    return values
