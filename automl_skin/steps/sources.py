"""Leave-one-source-out: how a model scores a collection that no part of it was fitted on.

The chain of a trial is fitted again for each source, on the development cases of the other sources and without
every group that touches the source, and applied to the source. Only chains with frozen networks can be measured so:
tuned networks have seen cases of every source. A case whose source is not known may be of any, so that it is
neither fitted on nor scored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.chains.config import ChainConfig
from automl_skin.evaluation.sources import LeftOutSource, SourceFigures
from automl_skin.metrics.intervals import auc_interval
from automl_skin.search.material import Material
from automl_skin.search.objective import THREADS, make_fitter
from automl_skin.search.trial import RANK_AVERAGE, TrialRecord
from automl_skin.steps.events import Listener, start_progress
from automl_skin.steps.prepare import Prepared
from automl_skin.steps.stack import finished
from automl_skin.steps.trials import worker_count
from automl_skin.study.study import Study
from automl_skin.workers.processes import open_workers

MIN_PER_CLASS = 10
"""Cases per class, of at least two classes, that a source needs to be left out."""

N_RESAMPLES = 1000

MIN_CASES_FOR_WORKERS = 2_000
"""With fewer cases, starting several processes takes longer than they save."""

BEST_FROZEN = "best frozen trial"

LEFT_OUT, FITTED = 0, 1


def measure_sources(
    prepared: Prepared, records: Sequence[TrialRecord], material: Material, tell: Listener
) -> SourceFigures | None:
    """Measure the best trial with frozen networks and the rank average without each source, and write it down.

    Returns
    -------
    SourceFigures or None
        None where the table has no source, or fewer than two with enough cases of two classes.
    """
    study, sources = prepared.study, prepared.manifest.cases.loc[material.cases.index, "source"]
    enough, too_small = sort_sources(sources, material.cases["group"], material.labels)
    if len(enough) < 2:  # a source must be left out, and another remain
        return None
    trials = compared_trials(records)
    jobs = [(name, source) for source in enough for name in trials]
    progress = start_progress(tell, f"Leaving {len(enough)} sources out, one after the other")
    answers: dict[tuple[str, str], FloatArray] = {}
    jobs_at_once = min(worker_count(study), len(jobs)) if len(material.cases) > MIN_CASES_FOR_WORKERS else 1
    with open_workers(jobs_at_once) as workers:
        futures = [
            workers.submit(_score_left_out, study, trials[name].plan.config, sources, source)
            for name, source in jobs
        ]
        for done, (job, future) in enumerate(zip(jobs, futures, strict=True), 1):
            answers[job] = future.result()
            progress(done, len(jobs))
    left_out = {source: _figures(study, material, sources, source, trials, answers) for source in enough}
    models = {name: record.plan.title for name, record in trials.items()}
    tuned_leads = finished(records)[0].plan.config.is_tuned
    figures = SourceFigures(models, left_out, too_small, tuned_leads)
    study.sources.write(figures)
    return figures


def compared_trials(records: Sequence[TrialRecord]) -> dict[str, TrialRecord]:
    """Return, by name, the best trial whose networks are frozen, and the baseline that averages ranks."""
    done = finished(records)
    frozen = [record for record in done if not record.plan.config.is_tuned]
    ranks = [record for record in done if record.plan.kind == "baseline" and record.plan.name == RANK_AVERAGE]
    chosen = {BEST_FROZEN: frozen[:1], RANK_AVERAGE: ranks}
    return {name: found[0] for name, found in chosen.items() if found}


def sort_sources(
    sources: "pd.Series[str]", groups: "pd.Series[str]", labels: IntArray
) -> tuple[list[str], dict[str, str]]:
    """Return the sources that can be left out, by name, and of the others why they cannot."""
    enough, others = [], {}
    wanted = f"expected at least {MIN_PER_CLASS} cases of each of two classes"
    for source in sorted(str(each) for each in sources.dropna().unique()):
        parts = parts_of(sources, groups, source)
        counts, rest = (np.bincount(labels[parts == part], minlength=2) for part in (LEFT_OUT, FITTED))
        if not _two_classes(counts):
            others[source] = f"{counts.sum()} cases; {wanted}"
        elif not _two_classes(rest):
            others[source] = f"{rest.sum()} cases are left without its groups; {wanted}"
        else:
            enough.append(source)
    if unknown := int(sources.isna().sum()):
        others["unknown"] = f"{unknown} cases whose source the table does not say; nothing was fitted on them"
    return enough, others


def _two_classes(counts: IntArray) -> bool:
    return int((counts >= MIN_PER_CLASS).sum()) >= 2  # an AUC is of two classes


def parts_of(sources: "pd.Series[str]", groups: "pd.Series[str]", source: str) -> IntArray:
    """Return for every case whether it is left out (0), fitted on (1), or neither (-1).

    Parameters
    ----------
    sources, groups : Series
        Of the same cases.
    source : str
        That is left out.
    """
    of_source = (sources == source).to_numpy(np.bool_, na_value=False)
    touching = groups.isin(groups[of_source]).to_numpy(np.bool_)
    fitted = sources.notna().to_numpy(np.bool_) & ~touching
    return np.where(of_source, LEFT_OUT, np.where(fitted, FITTED, -1)).astype(np.int64)


def score_left_out(
    study: Study, material: Material, config: ChainConfig, sources: "pd.Series[str]", source: str
) -> FloatArray:
    """Fit a chain without a source and return its probabilities of the source's cases, uncalibrated."""
    parts = parts_of(sources, material.cases["group"], source)
    kept = np.flatnonzero(parts >= 0)
    cases = material.cases.iloc[kept].assign(fold=parts[kept])
    others = replace(material, cases=cases, inputs=material.inputs.take(kept))
    fitter = make_fitter(others, study.config.encoder, study.config.seed)
    with threadpool_limits(THREADS):
        return fitter.fit(config, LEFT_OUT, THREADS)[1]


def _score_left_out(study: Study, config: ChainConfig, sources: "pd.Series[str]", source: str) -> FloatArray:
    return score_left_out(study, Material.read(study.material), config, sources, source)


def _figures(
    study: Study,
    material: Material,
    sources: "pd.Series[str]",
    source: str,
    trials: Mapping[str, TrialRecord],
    answers: Mapping[tuple[str, str], FloatArray],
) -> LeftOutSource:
    parts = parts_of(sources, material.cases["group"], source)
    rows = np.flatnonzero(parts == LEFT_OUT)
    labels, groups = material.labels[rows], material.groups[rows]
    aucs = {
        name: auc_interval(
            labels, answers[name, source], groups, n_resamples=N_RESAMPLES, seed=study.config.seed
        )
        for name in trials
    }
    return LeftOutSource(len(rows), int((parts == FITTED).sum()), aucs)
