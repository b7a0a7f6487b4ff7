"""A variant in MLflow: every cell a run below the variant's, which gets the report's tables and pictures."""

from automl_skin.papers.markdown import mean_and_deviation
from automl_skin.papers.metrics import published_metric
from automl_skin.papers.report import Reproduced
from automl_skin.steps.track import Tracked
from automl_skin.tracking.facts import Conclusion

METRICS = ("mean_class_recall", "top_1", "auc", "average_precision")
"""What every cell's run gets, mean and standard deviation over folds, besides what a trial's run has."""


def conclude_variant(tracked: Tracked, reproduced: Reproduced) -> None:
    """Write what a variant came to, and close its run."""
    context, tracker = reproduced.context, tracked.tracker
    if tracker is None:
        return
    records = [each.record for each in context.cells.values() if each.record is not None]
    states = [each.state for each in context.cells.values()]
    files = {f"table-{number}.md": text.encode() for number, text in enumerate(_texts(reproduced), 1)}
    folders = {"pictures": context.folder} if context.folder.is_dir() else {}
    conclusion = Conclusion(
        records=context.study.journal.read(),
        weights={},
        metrics={f"cells_{state.replace(' ', '_')}": float(states.count(state)) for state in set(states)},
        files=files,
        folders=folders,
        note="\n\n".join(_texts(reproduced)),
        trial_metrics={
            result.record.plan.number: _metrics(reproduced, name)
            for name, result in context.finished.items()
            if result.record is not None and result.record in records
        },
    )
    tracker.conclude(conclusion)


def _texts(reproduced: Reproduced) -> list[str]:
    return [f"**{table.title}**\n\n{table.markdown()}" for table in reproduced.tables]


def _metrics(reproduced: Reproduced, cell: str) -> dict[str, float]:
    """Return mean and standard deviation over folds of a cell's metrics, those that are numbers."""
    context = reproduced.context
    values: dict[str, float] = {}
    for name in METRICS:
        metric = published_metric(name, context.classes)
        folds = metric.on_parts(context.parts(cell, calibrated=metric.calibrated))
        mean, deviation = mean_and_deviation(folds)
        if mean == mean:  # noqa: PLR0124 - a number
            values |= {f"{name}_mean": mean, f"{name}_sd": deviation}
    return values
