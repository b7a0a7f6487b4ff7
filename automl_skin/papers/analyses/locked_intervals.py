"""How wide the locked cases leave the AUC of every cell, and how much of the locked part is not new to the networks."""

from collections.abc import Mapping, Sequence

from automl_skin.arrays import FloatArray
from automl_skin.data.plan import FoldPlan
from automl_skin.evaluation.record import in_words
from automl_skin.metrics.intervals import auc_difference, auc_interval
from automl_skin.papers.analyses.models import Cells, name_models
from automl_skin.papers.context import LockedCells, ReproduceContext, Section
from automl_skin.papers.markdown import format_table


def locked_intervals(
    context: ReproduceContext,
    *,
    cells: Cells | None = None,
    pairs: Sequence[tuple[str, str]] = (),
    title: str = "Locked cases: intervals",
) -> Section:
    """Return the AUC on the locked cases with its 95 % interval, and paired differences.

    A cell's probability of a case is the mean over its folds' chains. Resamples are of whole groups.

    Parameters
    ----------
    cells
        See `name_models`.
    pairs : sequence of (str, str)
        Cells of which the second's gain on the first is shown.
    """
    plan = _plan_lines(context.study.read_plan())
    locked = context.locked
    if locked is None:
        return Section(title, "\n\n".join(["The locked cases were not opened.", *plan]))
    names = name_models(context, cells)
    known = {name: label for name, label in names.items() if name in locked.calibrated}
    lines = [_cases_line(locked), *plan]
    if known:
        lines.append(_table(context, locked, known))
    gains = [_gain(context, locked, *pair) for pair in pairs if set(pair) <= set(locked.calibrated)]
    return Section(title, "\n\n".join([*lines, *(["\n".join(gains)] if gains else [])]))


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


def _table(context: ReproduceContext, locked: LockedCells, names: Mapping[str, str]) -> str:
    groups, seed = locked.material.groups, context.study.config.seed
    rows = []
    for name, label in names.items():
        interval = auc_interval(locked.labels, _mean(locked, name), groups, seed=seed)
        rows.append([label, in_words(interval), f"{interval.high - interval.low:.3f}"])
    return format_table(["model", "AUC (95 % interval)", "width"], rows)


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
