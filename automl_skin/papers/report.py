"""``report.md`` of a paper's study: the tables with ours in them, pictures, on what data, when, by which command."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from automl_skin.papers.context import ReproduceContext, Section
from automl_skin.papers.study_file import StudyFile
from automl_skin.papers.tables import FilledTable
from automl_skin.steps.locked import has_locked_cases


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
    tables = "; ".join(map(str, study.config.data))
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
