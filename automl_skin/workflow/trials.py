"""Running the trials of a study: baselines first, then known-good configurations, then the search."""

from collections.abc import Sequence

from joblib import cpu_count

from automl_skin.search.known import fixed_trials
from automl_skin.search.loop import Limits, Observer, Search
from automl_skin.search.material import Material
from automl_skin.search.objective import Bench
from automl_skin.search.propose import Proposal, propose
from automl_skin.search.space import SpaceOptions
from automl_skin.search.trial import TrialPlan, TrialRecord
from automl_skin.workers import open_workers
from automl_skin.workflow.study import Study


def space_options(study: Study, material: Material) -> SpaceOptions:
    """Return what the search of a study chooses from."""
    names = [name.rsplit("@", 1) for name in material.inputs.embeddings]
    return SpaceOptions(
        backbones=tuple(dict.fromkeys(backbone for backbone, _ in names)),
        recipes=tuple(dict.fromkeys(recipe for _, recipe in names)),
        families=study.config.family,
        fusions=study.config.fusion,
        has_metadata=bool(material.kinds),
        diagnosis=len(material.class_of) > material.n_classes,
    )


def worker_count(study: Study) -> int:
    """Return the number of workers: as set, else one a core and at most four."""
    return study.config.jobs or min(cpu_count(), 4)


def bench_of(study: Study) -> Bench:
    """Return what the workers of a study share."""
    return Bench(study.material, study.config.encoder, study.config.seed)


def run_trials(study: Study, material: Material, observers: Sequence[Observer] = ()) -> list[TrialRecord]:
    """Run trials until the study has as many as its settings say, and return all of them.

    Raises
    ------
    SearchError
        If too many fail in a row.
    """
    config = study.config
    options = space_options(study, material)
    fixed = fixed_trials(options)

    def propose_trial(number: int, known: Sequence[TrialRecord], pending: Sequence[TrialPlan]) -> Proposal:
        if number < len(fixed):
            return fixed[number]
        return propose(number, known, pending, options, config.seed, config.sampler)

    jobs = worker_count(study)
    search = Search(bench_of(study), material, config.scored_by(), study.journal, propose_trial, observers)
    with open_workers(jobs) as workers:
        return search.run(Limits(config.trials, config.timeout_seconds, jobs), workers)
