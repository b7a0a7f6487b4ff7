"""Carrying out a round: networks are tuned and their embeddings added to the material; failures become trials."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import repeat
from statistics import fmean

from automl_skin.backbones.device import resolve_device
from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.chains.config import IMAGE, OWN, BranchConfig, ChainConfig
from automl_skin.chains.inputs import embedding_name
from automl_skin.embeddings.curve import read_curve
from automl_skin.embeddings.networks import NetworkStore
from automl_skin.embeddings.tuning import TuningFailure, threads_for
from automl_skin.errors import SearchError
from automl_skin.heads.catalogue import HEADS
from automl_skin.search.material import Material
from automl_skin.search.trial import TrialPlan, TrialRecord, TrialRecorded
from automl_skin.search.tuning_steps import StepOutcome, TuningStep
from automl_skin.search.tuning_wishes import TuningWishes
from automl_skin.steps.embed import embed_tuned
from automl_skin.steps.events import Listener
from automl_skin.steps.networks import EmbeddingSet, embedding_sets
from automl_skin.steps.prepare import Prepared
from automl_skin.steps.shifts import prepare_shifts
from automl_skin.steps.tune import network_store, tune_set
from automl_skin.study.round_files import Round, outcomes_of
from automl_skin.study.study import Study
from automl_skin.workers.processes import available_processors

FailedOrTuned = list[EmbeddingSet | TuningFailure]


def lanes_of(study: Study, n_folds: int) -> int:
    """Return how many networks are tuned side by side: one a device, on a processor one for its share of cores."""
    devices = study.config.devices or (str(resolve_device(study.config.device)),)
    processes = max(1, available_processors() // threads_for(n_folds))
    return sum(processes if device == "cpu" else 1 for device in devices)


def carry_out(
    study: Study, prepared: Prepared, this: Round, wishes: TuningWishes, tell: Listener
) -> list[StepOutcome]:
    """Tune what a round decided, and add the embeddings of what was tuned on all folds to the material.

    A network that the cache has is not tuned again.

    Returns
    -------
    list of StepOutcome
        One a step, in their order.
    """
    outcomes: list[StepOutcome] = []
    limit = this.decision.limit_seconds
    for step in this.decision.steps:
        spent = sum(each.seconds for each in outcomes)
        if limit is not None and outcomes and spent >= limit:
            outcomes.append(StepOutcome(step, "skipped", True, "its share of the budget is used up"))
            continue
        outcomes.append(_carry_out_step(study, prepared, step, this, wishes, tell))
    return outcomes


def _carry_out_step(
    study: Study, prepared: Prepared, step: TuningStep, this: Round, wishes: TuningWishes, tell: Listener
) -> StepOutcome:
    is_probe = this.decision.kind == "probe"
    held_out = ((0,),) if is_probe else wishes.held_out
    began, start = time.time(), time.monotonic()
    results = tune_step(study, prepared, step, held_out, tell)
    store = network_store(study)
    outcome = replace(_outcome(step, held_out, results, wishes, store), is_probe=is_probe, began=began)
    if outcome.state == "failed":
        return replace(outcome, seconds=max(outcome.seconds, time.monotonic() - start))
    if not is_probe:
        tuned = [each for each in results if isinstance(each, EmbeddingSet)]
        embed_tuned(study, prepared, tuned, tell)
        prepare_shifts(study, prepared, tuned, tell)
    return outcome


def tune_step(
    study: Study,
    prepared: Prepared,
    step: TuningStep,
    held_out: Sequence[tuple[int, ...]],
    tell: Listener,
) -> FailedOrTuned:
    """Tune the networks of a step, those that the cache does not have."""
    sets = {(each.backbone.name, each.recipe_name): each for each in embedding_sets(study.config)}
    return tune_set(study, prepared, sets[step.set_name], step.tuning, step.tuning_recipe, held_out, tell)


def _outcome(
    step: TuningStep,
    held_out: Sequence[tuple[int, ...]],
    results: FailedOrTuned,
    wishes: TuningWishes,
    store: NetworkStore,
) -> StepOutcome:
    """Return what came of a step; one failed network is a failed step, since a trial needs them all."""
    folders = [each.backbone.folder for each in results if isinstance(each, EmbeddingSet)]
    pixels = [each.recipe_name for each in results if isinstance(each, EmbeddingSet)]
    failures = [each.reason for each in results if isinstance(each, TuningFailure)]
    curves = [_curve(each, store) for each in results]
    roles = [_role_of(each) for each in results]
    held_out = [folds for _ in range(max(1, len(results) // len(held_out))) for folds in held_out]
    n_images = wishes.n_images / wishes.n_towers
    sizes = [n_images * (1.0 - len(folds) / wishes.n_folds) for folds in held_out]
    took = [sum(epoch.seconds for epoch in curve) for curve in curves]
    turns = math.ceil(len(results) / wishes.lanes)
    return StepOutcome(
        step,
        "failed" if failures else "finished",
        reason="; ".join(dict.fromkeys(failures)),
        seconds=turns * fmean(took) if took else 0.0,
        image_seconds=_mean([_image_seconds(curve, size) for curve, size in zip(curves, sizes, strict=True)]),
        inner_auc=_mean([curve[-1].inner_auc for curve in curves if curve]),
        held_out=tuple(held_out),
        networks=() if failures else tuple(folder.name for folder in folders if folder is not None),
        curves=tuple(curves),
        pixels=pixels[0] if pixels else step.recipe,
        roles=tuple(roles) if any(roles) else (),
    )


def _role_of(result: EmbeddingSet | TuningFailure) -> str:
    return result.job.key.role if isinstance(result, TuningFailure) else result.role


def _curve(result: EmbeddingSet | TuningFailure, store: NetworkStore) -> tuple[Epoch, ...]:
    """Return the finished epochs of a network, also of one that failed."""
    if isinstance(result, TuningFailure):
        return store.curve(result.job.key)
    folder = result.backbone.folder
    assert folder is not None
    return read_curve(folder)


def _image_seconds(curve: Sequence[Epoch], n_images: float) -> float:
    return sum(epoch.seconds for epoch in curve) / (len(curve) * n_images) if curve and n_images else math.nan


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return fmean(known) if known else math.nan


def take_up(
    study: Study, prepared: Prepared, material: Material, rounds: Sequence[Round], tell: Listener
) -> Material:
    """Return the material with the embeddings of all rounds that are over.

    Where some are gone, they are made again, and so are their networks.

    Raises
    ------
    SearchError
        If a network that was tuned before cannot be tuned now.
    """
    for outcome in (each for this in rounds for each in this.tuned):
        names = [
            embedding_name(outcome.step.backbone, outcome.pixels, outcome.step.tuning, folds, role)
            for folds, role in zip(outcome.held_out, outcome.roles or repeat(""), strict=False)
        ]
        if all(name in material.inputs.embeddings for name in names):
            continue
        held_out = tuple(dict.fromkeys(outcome.held_out))
        results = tune_step(study, prepared, outcome.step, held_out, tell)
        failed = [each.reason for each in results if isinstance(each, TuningFailure)]
        if failed:
            message = (
                f"the networks of {outcome.step.title} must be tuned again, since the cache has lost them, and cannot "
                f"be: {failed[0]}; go on where the study was begun"
            )
            raise SearchError(message)
        tuned = [each for each in results if isinstance(each, EmbeddingSet)]
        embed_tuned(study, prepared, tuned, tell)
        prepare_shifts(study, prepared, tuned, tell)
    return Material.read(study.material) if outcomes_of(rounds) else material


def record_failures(study: Study, material: Material, this: Round, tell: Listener) -> None:
    """Write the failed steps of a round that is over into the journal, those that are not there yet."""
    assert this.begins_at is not None
    first = this.begins_at - len(this.failures)
    missing = len(study.journal.read()) - first
    if missing >= len(this.failures):
        return
    with study.journal.held():
        for position, outcome in list(enumerate(this.failures))[missing:]:
            record = failed_record(first + position, outcome, material)
            study.journal.write(record, None)
            tell(TrialRecorded(record, None))


def failed_record(number: int, outcome: StepOutcome, material: Material) -> TrialRecord:
    """Return the trial of a tuning that failed: the network's own head, which there is none of."""
    step = outcome.step
    head = BranchConfig(OWN, HEADS[OWN].config())
    config = ChainConfig(IMAGE, (head,), (step.backbone,), outcome.pixels, tuning=step.tuning, way=OWN)
    plan = TrialPlan(number, "tuning", f"tuning {step.title}", {}, config)
    return TrialRecord(
        plan,
        "failed",
        (),
        (),
        outcome.seconds,
        outcome.began,
        outcome.reason,
        material=material.digest_for(config),
    )
