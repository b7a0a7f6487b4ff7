"""Carrying out a round: networks are tuned and their embeddings added to the material; failures become trials."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from automl_skin.backbones.device import resolve_device
from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.chains.config import IMAGE, OWN, BranchConfig, ChainConfig
from automl_skin.data.manifest import Manifest
from automl_skin.data.plan import FoldPlan
from automl_skin.embeddings.networks import NetworkStore
from automl_skin.embeddings.tuned_folder import entry_of, read_curve
from automl_skin.embeddings.tuning import TuningFailure, threads_for
from automl_skin.errors import SearchError
from automl_skin.heads.catalogue import HEADS
from automl_skin.search.material import Material
from automl_skin.search.trial import TrialPlan, TrialRecord, TrialRecorded
from automl_skin.search.tuning_steps import StepOutcome, TunedNetwork, TuningRequest, TuningStep
from automl_skin.steps.budget_plan import TUNING
from automl_skin.steps.embed import embed_tuned
from automl_skin.steps.events import Listener
from automl_skin.steps.networks import ResolvedNetwork
from automl_skin.steps.prepare import Prepared
from automl_skin.steps.shifts import prepare_shifts
from automl_skin.steps.tune import count_trainings, network_store, towers_of, tune_network, tuning_budget
from automl_skin.study.round_files import Round, outcomes_of
from automl_skin.study.study import Study
from automl_skin.workers.processes import available_processors

FailedOrTuned = list[ResolvedNetwork | TuningFailure]


def request_tuning(study: Study, manifest: Manifest, plan: FoldPlan) -> TuningRequest:
    """Return what a study asks of tuning; the request is empty where nothing is to be tuned."""
    config, n_folds = study.config, len(plan.folds)
    return TuningRequest(
        names=config.tuning,
        n_images=int(manifest.images["case"].isin(plan.development).sum()),
        n_folds=n_folds,
        lanes=_count_lanes(study, n_folds),
        changes=config.tuning_changes,
        budget_seconds=_tuning_seconds(study),
        ways=config.way,
        robust=config.objective == "robust",
        has_metadata=bool(manifest.kinds),
        n_towers=count_trainings(config, manifest.images),
        n_together=len(towers_of(config, manifest.images)) if config.joins_towers else 1,
    )


def _tuning_seconds(study: Study) -> float | None:
    """Return the seconds that tuning may take; of a study that is given a budget, what is planned of it."""
    budget = study.current_budget
    return tuning_budget(study.config) if budget is None else budget.planned[TUNING]


def _count_lanes(study: Study, n_folds: int) -> int:
    """Return how many networks are tuned side by side: one per GPU, or one per share of a processor's cores."""
    devices = study.config.devices or (str(resolve_device(study.config.device)),)
    processes = max(1, available_processors() // threads_for(n_folds))
    return sum(processes if device == "cpu" else 1 for device in devices)


def carry_out(prepared: Prepared, this: Round, request: TuningRequest, tell: Listener) -> list[StepOutcome]:
    """Tune what a round decided, and add the embeddings of what was tuned on all folds to the material.

    A network that the cache has is not tuned again.

    Returns
    -------
    list of StepOutcome
        One per step, in their order.
    """
    outcomes: list[StepOutcome] = []
    limit = this.decision.limit_seconds
    for step in this.decision.steps:
        spent = sum(each.seconds for each in outcomes)
        if limit is not None and outcomes and spent >= limit:
            outcomes.append(StepOutcome(step, "skipped", True, "its share of the budget is used up"))
            continue
        outcomes.append(_carry_out_step(prepared, step, this, request, tell))
    return outcomes


def _carry_out_step(
    prepared: Prepared, step: TuningStep, this: Round, request: TuningRequest, tell: Listener
) -> StepOutcome:
    is_probe = this.decision.kind == "probe"
    began, start = time.time(), time.monotonic()
    results = tune_network(prepared, step, ((0,),) if is_probe else request.held_out, tell)
    outcome = _outcome(step, results, request, network_store(prepared.study))
    outcome = replace(outcome, is_probe=is_probe, began=began)
    if outcome.state == "failed":
        return replace(outcome, seconds=max(outcome.seconds, time.monotonic() - start))
    if not is_probe:
        _add_embeddings(prepared, results, tell)
    return outcome


def _add_embeddings(prepared: Prepared, results: FailedOrTuned, tell: Listener) -> None:
    """Add the embeddings of tuned networks to the material, and those under shift where trials need them."""
    tuned = [each for each in results if isinstance(each, ResolvedNetwork)]
    embed_tuned(prepared, tuned, tell)
    prepare_shifts(prepared, tuned, tell)


def _outcome(
    step: TuningStep, results: FailedOrTuned, request: TuningRequest, store: NetworkStore
) -> StepOutcome:
    """Return what came of a step; one failed network is a failed step, since a trial needs them all."""
    failures = [each.reason for each in results if isinstance(each, TuningFailure)]
    networks = [_tuned_network(each, store) for each in results]
    # towers that are tuned together are one training: those of the first kind stand for all
    trained = networks[: len(networks) // request.n_together]
    curves = [each.curve for each in trained]
    n_images = request.n_images / request.n_towers
    sizes = [n_images * (1.0 - len(each.network.held_out) / request.n_folds) for each in trained]
    took = [sum(epoch.seconds for epoch in curve) for curve in curves]
    turns = math.ceil(len(trained) / request.lanes)
    return StepOutcome(
        step,
        "failed" if failures else "finished",
        reason="; ".join(dict.fromkeys(failures)),
        seconds=turns * fmean(took) if took else 0.0,
        image_seconds=_mean([_image_seconds(curve, size) for curve, size in zip(curves, sizes, strict=True)]),
        inner_auc=_mean([curve[-1].inner_auc for curve in curves if curve]),
        networks=tuple(replace(each, folder="") if failures else each for each in networks),
    )


def _tuned_network(result: ResolvedNetwork | TuningFailure, store: NetworkStore) -> TunedNetwork:
    """Return a network with its finished epochs, also one that failed."""
    if isinstance(result, TuningFailure):
        return TunedNetwork(result.job.network, store.curve(result.job.key))
    folder = result.backbone.folder
    assert folder is not None
    entry = entry_of(folder)
    return TunedNetwork(result.id, read_curve(entry), entry.name)


def _image_seconds(curve: Sequence[Epoch], n_images: float) -> float:
    return sum(epoch.seconds for epoch in curve) / (len(curve) * n_images) if curve and n_images else math.nan


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return fmean(known) if known else math.nan


def restore_material(
    prepared: Prepared, material: Material, rounds: Sequence[Round], tell: Listener
) -> Material:
    """Return the material with the embeddings of all finished rounds.

    Where some are missing, they are made again, and so are their networks.

    Raises
    ------
    SearchError
        If a network cannot be tuned again.
    """
    for outcome in (each for this in rounds for each in this.tuned):
        networks = [each.network for each in outcome.networks]
        if all(str(network) in material.inputs.embeddings for network in networks):
            continue
        held_out = tuple(dict.fromkeys(network.held_out for network in networks))
        results = tune_network(prepared, outcome.step, held_out, tell)
        failed = [each.reason for each in results if isinstance(each, TuningFailure)]
        if failed:
            message = (
                f"the cache has lost the networks of {outcome.step.title}, and they cannot be tuned again: "
                f"{failed[0]}; continue where the study was begun"
            )
            raise SearchError(message)
        _add_embeddings(prepared, results, tell)
    return Material.read(prepared.study.material) if outcomes_of(rounds) else material


def record_failures(study: Study, material: Material, this: Round, tell: Listener) -> None:
    """Write the failed steps of a finished round into the journal, unless they are there already."""
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
    """Return the failed trial that stands for a tuning that produced no network."""
    head = BranchConfig(OWN, HEADS[OWN].config())
    config = ChainConfig(IMAGE, (head,), (outcome.tuned,), way=OWN)
    plan = TrialPlan(number, "tuning", f"tuning {outcome.step.title}", {}, config)
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
