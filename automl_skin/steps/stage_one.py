"""Stage one alone: pixels, embeddings by frozen and by tuned networks, all into the cache."""

import time
from dataclasses import dataclass, field
from typing import Any

from automl_skin.backbones.device import Precision
from automl_skin.embeddings.tuning import TuningFailure
from automl_skin.errors import ConfigError
from automl_skin.search.tuning_settings import AUTO_TUNING, NO_TUNING
from automl_skin.search.tuning_steps import TuningRequest
from automl_skin.steps.embedder import Embedder
from automl_skin.steps.events import Listener, Understood
from automl_skin.steps.networks import ResolvedNetwork, frozen_networks
from automl_skin.steps.prepare import Prepared, is_prepared, prepare, read_prepared
from automl_skin.steps.tune import tune_network, tuning_budget
from automl_skin.study.config import StudyConfig
from automl_skin.study.precision import keep_precision
from automl_skin.study.study import Study

PLACES = ("labels", "images", "weights_dir")
"""Settings of paths, besides the tables of cases, that another call needs as well."""


@dataclass(frozen=True)
class StageOneOutcome:
    """What stage one has put into the cache.

    Parameters
    ----------
    precision : {"float32", "bfloat16", "float16"}
    frozen, tuned : tuple of ResolvedNetwork
    failed : tuple of TuningFailure
    skipped : tuple of str
        Tunings for which the budget was used up.
    computed : int
        Embeddings computed now.
    unreadable : dict of str to str
        Path -> why there is no embedding.
    seconds : float
    """

    precision: Precision
    frozen: tuple[ResolvedNetwork, ...]
    tuned: tuple[ResolvedNetwork, ...]
    failed: tuple[TuningFailure, ...]
    skipped: tuple[str, ...]
    computed: int
    unreadable: dict[str, str]
    seconds: float


def tunings_of(study: Study) -> tuple[str, ...]:
    """Return the tunings that stage one alone carries out; ``auto`` is the one that a search would try first.

    Nothing is ranked here. `auto` therefore tunes every network of the study, where there is a GPU or a budget.
    """
    config = study.config
    if config.tuning != (AUTO_TUNING,):
        return () if config.tuning == (NO_TUNING,) else config.tuning
    if tuning_budget(config) == 0.0:
        return ()
    return ("robust",) if config.objective == "robust" else ("full",)


def run_stage_one(study: Study, tell: Listener) -> StageOneOutcome:
    """Carry stage one out, or resume it.

    Raises
    ------
    AutomlSkinError
        With what is finished kept; the same call resumes.
    """
    if not study.config.has_pixels:
        message = (
            "expected photographs and a network that they go through (--images and --backbone), got none"
        )
        raise ConfigError(f"{message}: there is nothing to embed; search instead")
    if not is_prepared(study):
        tell(Understood(study, prepare(study, tell)))
    working = _Working(read_prepared(study), tell, keep_precision(study))
    for each in working.frozen:
        working.embedder.embed(each)
    for name in tunings_of(study):
        for each in working.frozen:
            working.tune(each, name)
    return working.outcome()


@dataclass
class _Working:
    """One call of `run_stage_one`."""

    prepared: Prepared
    tell: Listener
    precision: Precision
    started: float = field(default_factory=time.monotonic)
    tuned: list[ResolvedNetwork] = field(default_factory=list)
    failed: list[TuningFailure] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.frozen = frozen_networks(self.prepared.study.config)
        self.embedder = Embedder(self.prepared, self.tell)
        self.tuning_seconds = 0.0

    def tune(self, each: ResolvedNetwork, name: str) -> None:
        """Tune a network without each fold, unless the time for that is used up, and embed by what was tuned."""
        config = self.prepared.study.config
        request = TuningRequest(
            (name,), 0, len(self.prepared.plan.folds), changes=config.tuning_changes, ways=config.way
        )
        step = request.step(each.id, name)
        if self.tuning_seconds >= (config.tuning_budget_seconds or float("inf")):
            self.skipped.append(f"{each.name} {step.tuning.name}")
            return
        start = time.monotonic()
        results = tune_network(self.prepared, step, request.held_out, self.tell)
        self.tuning_seconds += time.monotonic() - start
        tuned = [result for result in results if isinstance(result, ResolvedNetwork)]
        self.failed += [result for result in results if isinstance(result, TuningFailure)]
        self.tuned += tuned
        for result in tuned:
            self.embedder.embed(result)

    def outcome(self) -> StageOneOutcome:
        """Return what was done."""
        return StageOneOutcome(
            self.precision,
            tuple(self.frozen),
            tuple(self.tuned),
            tuple(self.failed),
            tuple(self.skipped),
            self.embedder.done.computed,
            self.embedder.done.failures,
            time.monotonic() - self.started,
        )


def next_settings(study: Study) -> dict[str, Any]:
    """Return the settings, other than the defaults, of a search that uses what stage one has made.

    The tunings are named, since `auto` might choose others on another machine.
    """
    config, default = study.config, StudyConfig()
    several = {"data": list(config.data), "embeddings": list(config.embeddings)}
    places = {**several, **{name: getattr(config, name) for name in PLACES}}
    tunings = tunings_of(study)
    given = {**places, **config.identity(), "tuning": list(tunings or (NO_TUNING,))}
    if not tunings:  # changes of nothing
        del given["tuning_set"]
    defaults = {"data": [], "embeddings": [], **dict.fromkeys(PLACES, ""), **default.identity()}
    return {name: value for name, value in given.items() if value != defaults[name]}
