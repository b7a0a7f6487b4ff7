"""Running the trials of a study: baselines, known-good configurations, what each round of tuning adds, the search."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from joblib import cpu_count

from automl_skin.chains.config import ChainConfig
from automl_skin.chains.cost import ChainCost
from automl_skin.networks import NetworkId
from automl_skin.search.known import fixed_trials
from automl_skin.search.loop import HasTime, Limits, Search
from automl_skin.search.material import Material
from automl_skin.search.objective import Bench
from automl_skin.search.propose import Proposal, propose
from automl_skin.search.shifted import ShiftedMaterial
from automl_skin.search.space import SpaceOptions
from automl_skin.search.trial import TrialPlan, TrialRecord
from automl_skin.steps.events import Listener, silent
from automl_skin.study.study import Study
from automl_skin.workers.processes import open_workers


@dataclass(frozen=True)
class Phase:
    """Trials of one numbering: first the fixed ones, then what the optimiser proposes.

    Parameters
    ----------
    begins_at : int
        Number of its first trial.
    fixed : tuple of Proposal
        In their order, whatever their own numbers.
    options : SpaceOptions
        What the search chooses from.
    open_ended : bool
        Whether the optimiser proposes after the fixed ones; else the trials end with them.
    """

    begins_at: int
    fixed: tuple[Proposal, ...]
    options: SpaceOptions
    open_ended: bool = True

    def fixed_trial(self, number: int) -> Proposal | None:
        """Return the fixed trial of a number; None where the optimiser proposes."""
        position = number - self.begins_at
        if position >= len(self.fixed):
            return None
        plan = replace(self.fixed[position].plan, number=number)
        return Proposal(plan, None)


@dataclass(frozen=True)
class Deadline:
    """The moment after which no trial begins; None for never."""

    moment: float | None = None

    @classmethod
    def after(cls, seconds: float | None) -> "Deadline":
        """Return the deadline that is some seconds away."""
        return cls(None if seconds is None else time.monotonic() + seconds)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until then, at least 0; None for ever."""
        return None if self.moment is None else max(self.moment - time.monotonic(), 0.0)

    @property
    def is_over(self) -> bool:
        """Whether the moment has passed."""
        return self.seconds_left == 0.0


def space_options(study: Study, material: Material) -> SpaceOptions:
    """Return what the search of a study chooses from, frozen networks alone."""
    frozen = [each for each in map(NetworkId.parse, material.inputs.embeddings) if not each.is_tuned]
    return SpaceOptions(
        backbones=tuple(dict.fromkeys(each.backbone for each in frozen)),
        recipes=tuple(dict.fromkeys(each.recipe for each in frozen if not each.is_given)),
        families=study.config.family,
        fusions=study.config.fusion,
        has_metadata=bool(material.kinds),
        diagnosis=len(material.class_of) > material.n_classes,
        roles=material.inputs.roles,
        towers=bool(material.inputs.roles) and study.config.has_towers,
        given=tuple(each.backbone for each in frozen if each.is_given),
    )


def first_phase(study: Study, material: Material) -> Phase:
    """Return the phase that every study begins with."""
    options = space_options(study, material)
    return Phase(0, tuple(fixed_trials(options)), options)


def worker_count(study: Study) -> int:
    """Return the number of workers: as set, else one per core and at most four."""
    return study.config.jobs or min(cpu_count(), 4)


def bench_of(study: Study) -> Bench:
    """Return what the workers of a study share."""
    shifted = study.shifted if study.config.objective == "robust" else None
    return Bench(study.material, study.config.encoder, study.config.seed, shifted)


def estimate_seconds(material: Material) -> Callable[[ChainConfig], float]:
    """Return what estimates the seconds of a chain on a material, one fold after another on one thread."""
    cost = ChainCost(material.inputs, material.training_labels, material.kinds, material.n_folds)
    return cache(cost.seconds)


def n_valid(records: Sequence[TrialRecord]) -> int:
    """Return how many trials count: those that did not fail."""
    return sum(record.state != "failed" for record in records)


def run_trials(
    study: Study,
    material: Material,
    tell: Listener = silent,
    *,
    phases: Sequence[Phase] = (),
    until: int | None = None,
    deadline: Deadline | None = None,
    has_time: HasTime | None = None,
) -> list[TrialRecord]:
    """Run trials until the study has as many as wanted, and return all of them.

    Parameters
    ----------
    phases : sequence of Phase
        In the order of their numbers; by default the one that every study begins with.
    until : int, optional
        Trials of the study, failed ones not counted; at most, and by default, what its settings say.
    deadline : Deadline, optional
        By default what the settings say, from now on.
    has_time : callable, optional
        As of `automl_skin.search.loop.Limits`.

    Raises
    ------
    SearchError
        If too many fail in a row.
    """
    config = study.config
    phases = phases or [first_phase(study, material)]
    deadline = deadline or Deadline.after(config.timeout_seconds)
    cost = estimate_seconds(material)

    def propose_trial(
        number: int, known: Sequence[TrialRecord], pending: Sequence[TrialPlan]
    ) -> Proposal | None:
        phase = [each for each in phases if each.begins_at <= number][-1]
        fixed = phase.fixed_trial(number)
        if fixed is None and not phase.open_ended:
            return None
        return fixed or propose(number, known, pending, phase.options, config.seed, config.sampler, cost)

    total = min(until or config.max_trials, config.max_trials)
    jobs = worker_count(study)
    bench = bench_of(study)
    sample = ShiftedMaterial.read(bench.shifted, material.cases).sample if bench.shifted else None
    metric = study.scored_by()
    search = Search(bench, material, metric, study.journal, propose_trial, tell, sample)
    with open_workers(jobs) as workers:
        return search.run(Limits(total, deadline.seconds_left, jobs, has_time), workers)
