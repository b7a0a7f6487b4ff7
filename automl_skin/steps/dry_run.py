"""What a search would do, and what time and disk it needs, before it does it.

Every step of the main job is counted. Networks and the loading of photographs are measured on a few; trials are
estimated (`automl_skin.steps.trial_cost`). Tuned networks also need their embeddings under shift, which is not
counted: which of them lead is not known yet.
"""

import shutil
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from automl_skin.backbones.device import resolve_device, resolve_precision
from automl_skin.backbones.tuning.data import TuningData
from automl_skin.backbones.tuning.names import Tuning
from automl_skin.backbones.tuning.train import tune
from automl_skin.data.plan import FoldPlan
from automl_skin.images.shifts import SHIFTS
from automl_skin.search.tuning_plan import in_words, plan_in_words, predict_seconds
from automl_skin.search.tuning_settings import NO_TUNING
from automl_skin.search.tuning_steps import StepOutcome
from automl_skin.steps.budget_plan import TUNING, plan_budget, plan_lines
from automl_skin.steps.carry_out import request_tuning
from automl_skin.steps.events import Listener
from automl_skin.steps.forecast import REFITTED, forecast
from automl_skin.steps.networks import ResolvedNetwork, frozen_networks
from automl_skin.steps.prepare import draw_plan, with_data
from automl_skin.steps.probe import Photographs, Probe
from automl_skin.steps.shortcuts import with_shortcuts
from automl_skin.steps.spending import needs_of
from automl_skin.steps.understand import Understanding, decide, require_images, understand
from automl_skin.study.facts import Budget
from automl_skin.study.study import Study

WITHOUT_BUDGET = "none, since there is no GPU and no budget; --tuning-budget 2h tunes for two hours"


def estimate(study: Study, tell: Listener) -> list[str]:
    """Return the plan of a search as lines: what was understood, folds, stage one, trials, disk."""
    config = with_data(study, tell)
    understanding = understand(config, study.workspace.cache, tell)
    require_images(understanding, allow_missing=config.allow_missing)
    plan = draw_plan(config, understanding)
    understanding = with_shortcuts(decide(understanding, config, plan.development), config, plan)
    photographs = Photographs.of_understanding(understanding)
    found = forecast(study, config, understanding.manifest, plan, photographs)
    cases, budget = len(plan.development), None
    if config.budget_seconds is not None:
        budget = plan_budget(config.budget_seconds, {}, needs_of(study, found))
    n_trials = config.max_trials if budget is None else budget.trials
    n_shifted = found.shifted_images if budget is None else round(budget.shift_cases * found.images_per_case)
    trials, refitted = found.cost.search_seconds(n_trials, found.jobs), found.conclusion(n_trials)
    shifts = found.shifts(n_shifted)
    tuning, tuning_seconds = tuning_lines(study, plan, understanding, budget)
    total = found.stage_one + tuning_seconds + trials + refitted + shifts
    return [
        *understanding.lines,
        f"Plan:      {cases:,} development cases in {len(plan.folds)} folds, {len(plan.locked):,} locked",
        *(f"Note:      {note}" for note in plan.remarks),
        *(
            f"Stage one: {each.network}, {each.n_dimensions} dimensions, {each.images_per_second:.0f} images/s, "
            f"{each.missing:,} to compute: {in_words(each.seconds)}"
            for each in found.probes
        ),
        *(f"Tuning:    {line}" for line in tuning),
        f"Trials:    {n_trials} by {found.jobs} workers: about {in_words(trials)}",
        (
            f"Stack:     chains of about {min(REFITTED, n_trials)} trials again, figures and report: about "
            f"{in_words(refitted)}"
        ),
        f"Shifts:    {n_shifted:,} images under {len(SHIFTS)} shifts by {len(found.probes)} networks: about "
        f"{in_words(shifts)}"
        if n_shifted
        else "Shifts:    none",
        f"In all:    about {in_words(total)}",
        *(f"Budget:    {line}" for line in ([] if budget is None else plan_lines(budget))),
        f"Disk:      {describe_disk(study, found.probes, len(understanding.inspection.table))}",
        "Nothing was begun; leave out --dry-run to search.",
    ]


def describe_disk(study: Study, probes: Sequence[Probe], n_images: int) -> str:
    """Return what the embeddings of some images take on the disk, in the cache and in the study, and what is free."""
    taken = sum(each.n_dimensions for each in probes) * n_images * 4 * 2
    root = study.workspace.root
    free = shutil.disk_usage(next(each for each in (root, *root.parents) if each.is_dir())).free
    return f"about {taken / 1e6:.0f} MB of {free / 1e9:.0f} GB free"


def tuning_lines(
    study: Study, plan: FoldPlan, understanding: Understanding, whole: Budget | None = None
) -> tuple[list[str], float]:
    """Return what tuning would do, how long each network would take on all folds, and the seconds of all of it."""
    request = request_tuning(study, understanding.manifest, plan)
    if whole is not None:
        request = replace(request, budget_seconds=whole.planned[TUNING])
    if request.is_empty:
        unasked = study.config.tuning == (NO_TUNING,) or not study.config.has_pixels
        return ["none" if unasked else WITHOUT_BUDGET], 0.0
    networks = frozen_networks(study.config)
    lines = plan_in_words(request, len(networks))
    total = 0.0
    for each in networks:
        speed = tuning_speed(study, each, request.base)
        for name in request.names if not request.is_auto else (request.base,):
            step = request.step(each.id, name)
            measured = StepOutcome(step, "finished", image_seconds=1.0 / speed)
            # a processor was measured whole: its processes share what one had
            alone = replace(request, lanes=max(len(study.config.devices), 1))
            seconds = predict_seconds(step, alone, [measured]) or 0.0
            lines.append(f"{step.title}: {speed:.0f} images/s, about {in_words(seconds)} on all folds")
            total += seconds
    budget = request.budget_seconds
    if budget is None:
        return lines, total
    # without names, the budget is spent on as many networks as fit into it
    return lines, budget if request.is_auto else min(total, budget)


def tuning_speed(study: Study, each: ResolvedNetwork, name: str) -> float:
    """Return the images that are trained on in a second, measured on a few made-up ones.

    On a GPU, the second of two epochs is measured: in the first, it loads its kernels and chooses among them.
    """
    device = resolve_device((*study.config.devices, study.config.device)[0])
    named = Tuning.parse(name, study.config.tuning_changes).recipe
    recipe = replace(
        named,
        epochs=1 if device.type == "cpu" else 2,
        patience=0,
        mode="full",
        fusion="concat",
        fusion_settings={},
    )  # metadata take no time that counts
    height, width = each.recipe.height, each.recipe.width
    n_images = 2 * recipe.batch_size
    data = TuningData(
        pixels=np.zeros((n_images, height, width, 3), np.uint8),
        labels=np.arange(n_images) % 2,
        n_classes=2,
        inner=np.zeros(n_images, np.bool_),
        target_of=np.arange(2),
    )
    tuned = tune(
        each.backbone,
        recipe,
        data,
        mean=each.recipe.mean,
        std=each.recipe.std,
        seed=study.config.seed,
        device=device,
        precision=resolve_precision(device),
    )
    return tuned.curve[-1].images_per_second
