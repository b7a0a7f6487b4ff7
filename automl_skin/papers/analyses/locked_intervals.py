"""How wide the locked cases leave the AUC of every cell, and how much of the locked part is not new to the networks."""

from collections.abc import Mapping
from typing import Any

from automl_skin.arrays import FloatArray
from automl_skin.data.plan import FoldPlan
from automl_skin.evaluation.record import in_words
from automl_skin.metrics.intervals import auc_difference, auc_interval
from automl_skin.papers.analyses.models import check_options, labelled
from automl_skin.papers.context import LockedCells, ReproduceContext, Section

OPTIONS = ("cells", "pairs", "title")


def locked_intervals(context: ReproduceContext, options: Mapping[str, Any]) -> Section:
    """Return the AUC on the locked cases with its 95 % interval, and paired differences.

    A cell's probability of a case is the mean over its folds' chains. Resamples are of whole groups.

    Parameters
    ----------
    context : ReproduceContext
    options : mapping
        ``cells``: names, or what a reader calls them by name (all that have figures); ``pairs``: pairs of names, of
        which the second's gain on the first is shown; ``title``.
    """
    check_options("locked_intervals", options, OPTIONS)
    title = str(options.get("title", "Locked cases: intervals"))
    plan = _plan_lines(context.study.read_plan())
    if context.locked is None:
        return Section(title, "\n\n".join(["The locked cases were not opened.", *plan]))
    names = labelled(options.get("cells", tuple(context.finished)))
    known = {name: label for name, label in names.items() if name in context.locked.calibrated}
    lines = [_cases_line(context.locked), *plan]
    if known:
        lines.append("\n".join(_table(context, context.locked, known)))
    gains = [pair for pair in options.get("pairs", ()) if set(pair) <= set(context.locked.calibrated)]
    lines += ["\n".join(_gain(context, context.locked, *pair) for pair in gains)] if gains else []
    return Section(title, "\n\n".join(lines))


def _plan_lines(plan: FoldPlan) -> list[str]:
    """Say what of the plan a reader of the figures must know."""
    waived = [f"Waiver: {plan.waiver}"] if plan.waiver else []
    return [*waived, *(note for note in plan.remarks if note != plan.waiver)]


def _cases_line(locked: LockedCells) -> str:
    positive = int((locked.labels == locked.labels.max()).sum())
    return (
        f"{len(locked.labels):,} locked cases, {positive:,} of the last class, in "
        f"{locked.material.cases['group'].nunique():,} groups; {locked.opened}."
    )


def _table(context: ReproduceContext, locked: LockedCells, names: Mapping[str, str]) -> list[str]:
    lines = ["| model | AUC (95 % interval) | width |", "| --- | --- | --- |"]
    for name, label in names.items():
        interval = auc_interval(
            locked.labels, _mean(locked, name), locked.material.groups, seed=context.study.config.seed
        )
        lines.append(f"| {label} | {in_words(interval)} | {interval.high - interval.low:.3f} |")
    return lines


def _gain(context: ReproduceContext, locked: LockedCells, first: str, second: str) -> str:
    gain = auc_difference(
        locked.labels,
        _mean(locked, second),
        _mean(locked, first),
        locked.material.groups,
        seed=context.study.config.seed,
    )
    return f"- {second} on {first}: {in_words(gain, signed=True)}, paired"


def _mean(locked: LockedCells, name: str) -> FloatArray:
    values: FloatArray = locked.calibrated[name].mean(axis=0)
    return values
