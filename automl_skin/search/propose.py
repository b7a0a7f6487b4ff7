"""The next trial, as a function of the trials before it (the only user of Optuna).

An Optuna study is built anew, in memory, for every proposal, from the records that may be known to it,
and the sampler's seed is derived from the trial's number. So a proposal depends on nothing but its
arguments: a search that was killed and continued proposes what an uninterrupted one does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.pruners import MedianPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from automl_skin.chains.config import ChainConfig
from automl_skin.heads.space import Categorical, Integer, Range, Real, Value
from automl_skin.search.per_second import (
    N_CANDIDATES,
    DensityRatioSampler,
    choose_candidate,
    make_tpe,
    share_of_good,
)
from automl_skin.search.space import Given, SpaceOptions, choose_chain
from automl_skin.search.trial import TrialPlan, TrialRecord
from automl_skin.seeding import derive_seed

Sampler = Literal["tpe", "per_second", "random"]

NEVER_STOPPED = 25
"""None of the first trials is stopped early: they are what later ones are compared with."""

STARTUP = 20
"""Trials before TPE begins to prefer: baselines, known-good configurations and a few random ones."""


@dataclass(frozen=True)
class Proposal:
    """A trial to be run, with the race that it runs in.

    Parameters
    ----------
    plan : TrialPlan
    trial : optuna.Trial or None
        None for what was not proposed by the optimiser; such trials are never stopped.
    """

    plan: TrialPlan
    trial: Trial | None

    def should_stop(self, utilities: Sequence[float]) -> bool:
        """Return whether to stop after these folds: below the median of finished trials on the same folds."""
        if self.trial is None or self.plan.number < NEVER_STOPPED or not utilities:
            return False
        step = len(utilities) - 1
        self.trial.report(sum(utilities) / len(utilities), step)
        return bool(self.trial.should_prune())


class Asking:
    """Lets an Optuna trial answer the space's questions."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial

    def choose(self, name: str, values: Range, default: Value) -> Value:  # noqa: ARG002 - the protocol's
        """Return what the sampler suggests."""
        if isinstance(values, Categorical):
            answer: Value = self.trial.suggest_categorical(name, values.values)
            return answer
        if isinstance(values, Integer):
            return self.trial.suggest_int(name, values.low, values.high, log=values.log)
        return self.trial.suggest_float(name, values.low, values.high, log=values.log)


def propose(
    number: int,
    known: Sequence[TrialRecord],
    pending: Sequence[TrialPlan],
    options: SpaceOptions,
    seed: int,
    sampler: Sampler = "tpe",
    seconds: Callable[[ChainConfig], float] | None = None,
) -> Proposal:
    """Propose trial `number`.

    Parameters
    ----------
    known : sequence of TrialRecord
        The trials whose outcome may be used, in order.
    pending : sequence of TrialPlan
        Trials that run beside it; their outcome is not known, only that they are being tried.
    seed : int
        The study's seed.
    sampler : {"tpe", "per_second", "random"}
    seconds : callable, optional
        Estimates what a chain costs; needed for ``per_second`` alone.
    """
    history = _history(known, pending, options)
    own = derive_seed(seed, "propose", number)
    if sampler == "random":
        return _ask(number, _study(history, RandomSampler(seed=own)), options)
    if sampler == "tpe":
        return _ask(number, _study(history, make_tpe(TPESampler, own, STARTUP)), options)
    assert seconds is not None
    return _propose_per_second(number, history, options, own, seconds)


def _propose_per_second(
    number: int,
    history: Sequence[FrozenTrial],
    options: SpaceOptions,
    seed: int,
    seconds: Callable[[ChainConfig], float],
) -> Proposal:
    """Draw several proposals and return the one with the greatest expected improvement per second."""
    candidates: list[dict[str, Value]] = []
    ratios: list[float] = []
    costs: list[float] = []
    study = _study(history, RandomSampler(seed=seed))
    for draw in range(N_CANDIDATES):
        sampler = make_tpe(DensityRatioSampler, derive_seed(seed, "candidate", draw), STARTUP)
        study.sampler = sampler
        trial = study.ask()
        costs.append(seconds(choose_chain(Asking(trial), options)))
        candidates.append(trial.params)
        ratios.append(sampler.log_ratio(trial.params))
        study.tell(trial, state=TrialState.FAIL)  # so that the next draw does not keep away from it
    n_over = sum(each.state.is_finished() for each in history)
    best = choose_candidate(ratios, costs, share_of_good(n_over))
    chosen = _study(history, RandomSampler(seed=seed))
    chosen.enqueue_trial(candidates[best])
    return _ask(number, chosen, options)


def _ask(number: int, study: optuna.Study, options: SpaceOptions) -> Proposal:
    trial = study.ask()
    config = choose_chain(Asking(trial), options)
    return Proposal(TrialPlan(number, "search", config.title, trial.params, config), trial)


def given(params: dict[str, Value], options: SpaceOptions) -> tuple[dict[str, Value], ChainConfig]:
    """Return the full answers and the chain for some given answers, the rest by default."""
    chooser = Given(params)
    config = choose_chain(chooser, options)
    return chooser.params, config


def _history(
    known: Sequence[TrialRecord], pending: Sequence[TrialPlan], options: SpaceOptions
) -> list[FrozenTrial]:
    """Return what a proposal may know, as Optuna's trials."""
    over = [_finished(record, options) for record in known if record.state != "failed" and record.plan.params]
    return [*over, *(_frozen(plan, options, TrialState.RUNNING) for plan in pending if plan.params)]


def _study(history: Sequence[FrozenTrial], sampler: BaseSampler) -> optuna.Study:
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize", sampler=sampler, pruner=MedianPruner(n_startup_trials=NEVER_STOPPED // 2)
    )
    optuna.logging.set_verbosity(verbosity)
    study.add_trials(history)
    return study


def _finished(record: TrialRecord, options: SpaceOptions) -> FrozenTrial:
    steps = record.utilities
    means = {step: sum(steps[: step + 1]) / (step + 1) for step in range(len(steps))}
    if record.state == "finished":
        return _frozen(record.plan, options, TrialState.COMPLETE, record.utility, means)
    return _frozen(record.plan, options, TrialState.PRUNED, None, means)


def _frozen(
    plan: TrialPlan,
    options: SpaceOptions,
    state: TrialState,
    value: float | None = None,
    steps: dict[int, float] | None = None,
) -> FrozenTrial:
    chooser = Given(plan.params)  # what was not asked yet when the trial was planned gets its default
    choose_chain(chooser, options)
    distributions = {name: _distribution(values) for name, values in chooser.asked.items()}
    return create_trial(
        state=state,
        value=value,
        params=chooser.params,
        distributions=distributions,
        intermediate_values=steps or {},
    )


@cache
def _distribution(values: Range) -> BaseDistribution:
    if isinstance(values, Categorical):
        return CategoricalDistribution(values.values)
    if isinstance(values, Integer):
        return IntDistribution(values.low, values.high, log=values.log)
    assert isinstance(values, Real)
    return FloatDistribution(values.low, values.high, log=values.log)
