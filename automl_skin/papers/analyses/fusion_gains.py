"""What each way to fuse is worth beside the average of the ranks of two models that know nothing of each other.

Beside the gain stands what is left where a case comes without any metadata: a fusion that leans on them falls below
the image alone.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from automl_skin.arrays import FloatArray
from automl_skin.evaluation.record import in_words
from automl_skin.evaluation.resampling import resampled_aucs
from automl_skin.metrics.intervals import Interval, auc_interval, central_range
from automl_skin.metrics.ranking import macro_auc
from automl_skin.papers.analyses.models import Cells, name_models
from automl_skin.papers.context import ReproduceContext, Section
from automl_skin.papers.markdown import format_table
from automl_skin.search.trial import TrialRecord
from automl_skin.steps.embed_blank import without_metadata
from automl_skin.steps.embedded import applied_names
from automl_skin.steps.events import silent
from automl_skin.steps.prepare import read_prepared
from automl_skin.steps.stack import fit_chains
from automl_skin.study.kept_chains import read_chain

NO_FIGURE = "-"
NOT_COUNTED = (
    "Fitting does not count the tuning of networks, whose time stands in their own runs: rows may share them."
)


def fusion_gains(
    context: ReproduceContext,
    *,
    baseline: str,
    cells: Cells | None = None,
    title: str = "Fusions",
) -> Section:
    """Return a table of the cells: AUC with interval, paired gain, AUC without metadata, seconds of fitting.

    Intervals are of resamples of whole groups. Calibrated probabilities, all folds pooled.

    Parameters
    ----------
    baseline : str
        The cell that gains are on.
    cells
        See `name_models`; all cells by default, also those without figures.
    """
    names = name_models(context, tuple(context.cells) if cells is None else cells)
    if baseline not in context.finished:
        return Section(title, f"The cell {baseline} has no figures, and every gain would be on it.")
    done = list(dict.fromkeys([baseline, *(name for name in names if name in context.finished)]))
    absent = answers_without_metadata(context, done)
    resampled = _resampled(context, done)
    rows = [[label, *_figures(context, name, baseline, absent, resampled)] for name, label in names.items()]
    gain = f"gain on {names.get(baseline, baseline)}"
    heads = ("fusion", "AUC, out of fold", gain, "without metadata at scoring", "seconds of fitting")
    tuned = any(context.cells[name].cell.tuning for name in done)
    return Section(title, "\n\n".join([format_table(heads, rows), *([NOT_COUNTED] if tuned else [])]))


def answers_without_metadata(context: ReproduceContext, cells: list[str]) -> dict[str, FloatArray]:
    """Return what the chains of cells say out of fold of the same cases without their metadata.

    Parameters
    ----------
    cells : list of str
        Finished ones. Those that see metadata alone are left out: they have nothing to say.

    Returns
    -------
    dict of str to ndarray of shape (n_cases, n_classes)
    """
    study, material = context.study, context.material
    records = {name: _record(context, name) for name in cells}
    records = {name: record for name, record in records.items() if record.plan.config.uses_image}
    folds = range(material.n_folds)
    pairs = [(record.plan.number, fold) for record in records.values() for fold in folds]
    fit_chains(study, list(records.values()), pairs)
    names = {
        name
        for record in records.values()
        for name in applied_names(record.plan.config, folds, material.n_folds)
    }
    blank = without_metadata(read_prepared(study), material, names, silent)
    answers: dict[str, FloatArray] = {}
    for name, record in records.items():
        answers[name] = np.empty((len(material.labels), material.n_classes))
        for fold in folds:
            rows = np.flatnonzero(material.folds == fold)
            chain = read_chain(study, record.plan.number, fold)
            answers[name][rows] = chain.predict(blank.take(rows))
    return answers


def _record(context: ReproduceContext, cell: str) -> TrialRecord:
    record = context.finished[cell].record
    assert record is not None
    return record


def _resampled(context: ReproduceContext, cells: Sequence[str]) -> dict[str, FloatArray]:
    """Return each cell's AUC on the same resamples of whole groups, shape (n_resamples,)."""
    models = [context.probabilities(name, calibrated=True) for name in cells]
    seed = context.study.config.seed
    values = resampled_aucs(context.labels, models, context.material.groups, seed=seed)
    return dict(zip(cells, values, strict=True))


def _figures(
    context: ReproduceContext,
    name: str,
    baseline: str,
    absent: Mapping[str, FloatArray],
    resampled: Mapping[str, FloatArray],
) -> list[str]:
    if name not in context.finished:
        each = context.cells[name]
        return [f"{each.state}: {each.reason}", NO_FIGURE, NO_FIGURE, NO_FIGURE]
    mine, theirs = (
        macro_auc(context.labels, context.probabilities(each, calibrated=True)) for each in (name, baseline)
    )
    auc = auc_interval(context.labels, context.probabilities(name, calibrated=True), context.material.groups)
    ends = central_range(resampled[name] - resampled[baseline])
    difference = Interval(mine - theirs, *ends, enough=auc.enough)
    gain = NO_FIGURE if name == baseline else in_words(difference, signed=True)
    left = f"{macro_auc(context.labels, absent[name]):.3f}" if name in absent else NO_FIGURE
    return [in_words(auc), gain, left, f"{_record(context, name).seconds:.0f}"]
