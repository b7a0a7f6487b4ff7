"""What a search would do, and what time and disk it needs, before it does it.

Every step of the main job is counted. Networks and the loading of photographs are measured on a few; trials are
estimated (`automl_skin.steps.trial_cost`). Tuned networks also need their embeddings under shift, which is not
counted: which of them lead is not known yet.
"""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from automl_skin.arrays import Pixels
from automl_skin.backbones.device import resolve_device, resolve_precision
from automl_skin.backbones.network import begin_passes, embed, load_network, network_digest
from automl_skin.backbones.tuning.data import TuningData
from automl_skin.backbones.tuning.names import Tuning
from automl_skin.backbones.tuning.train import tune
from automl_skin.data.plan import FoldPlan
from automl_skin.embeddings.cache import EmbeddingCache
from automl_skin.embeddings.given import read_given
from automl_skin.embeddings.key import EmbeddingKey
from automl_skin.images.loading import Change, load_batches
from automl_skin.images.shifts import SHIFTS, shift
from automl_skin.networks import NetworkId
from automl_skin.search.tuning_plan import in_words, plan_in_words, predict_seconds
from automl_skin.search.tuning_settings import NO_TUNING
from automl_skin.search.tuning_steps import StepOutcome
from automl_skin.steps.carry_out import request_tuning
from automl_skin.steps.events import Listener
from automl_skin.steps.networks import ResolvedNetwork, frozen_networks, given_id
from automl_skin.steps.prepare import draw_plan, with_data
from automl_skin.steps.shift_embeddings import sample_size
from automl_skin.steps.shifts import MAX_LEADERS
from automl_skin.steps.shortcuts import with_shortcuts
from automl_skin.steps.trial_cost import estimate_trials
from automl_skin.steps.trials import worker_count
from automl_skin.steps.understand import Understanding, decide, require_images, understand
from automl_skin.study.study import Study

PROBE_PASSES = 3
WITHOUT_BUDGET = "none, since there is no GPU and no budget; --tuning-budget 2h tunes for two hours"
REFITTED = MAX_LEADERS + 5
"""Trials whose chains are fitted again: leading ones, members of the stack and baselines."""

N_LOADED = 16
"""Photographs whose loading is measured, under no shift and under every one."""

SECONDS_OF_REPORT = 15.0
"""At least, for stacking, figures with their intervals, plots and MLflow."""


@dataclass(frozen=True)
class Loading:
    """Seconds per photograph of reading and preparing it, by all processors.

    Parameters
    ----------
    plain, shifted : float
        As it is, and under a shift on average.
    """

    plain: float = 0.0
    shifted: float = 0.0


@dataclass(frozen=True)
class Probe:
    """How fast one frozen network is here.

    Parameters
    ----------
    network : NetworkId
    n_dimensions : int
    images_per_second : float
    missing : int
        Images that the cache does not have.
    loading : Loading
        Of the same photographs.
    """

    network: NetworkId
    n_dimensions: int
    images_per_second: float
    missing: int
    loading: Loading = Loading()

    @property
    def seconds(self) -> float:
        """Time of stage one for the missing images."""
        return self.missing * (1.0 / self.images_per_second + self.loading.plain)

    def shifted_seconds(self, n_images: int) -> float:
        """Return the time for some images under every shift."""
        return n_images * len(SHIFTS) * (1.0 / self.images_per_second + self.loading.shifted)


def estimate(study: Study, tell: Listener) -> list[str]:
    """Return the plan of a search as lines: what was understood, folds, stage one, trials, disk."""
    config = with_data(study, tell)
    understanding = understand(config, study.workspace.cache, tell)
    require_images(understanding, allow_missing=config.allow_missing)
    plan = draw_plan(config, understanding)
    understanding = with_shortcuts(decide(understanding, config, plan.development), config, plan)
    probes = [probe(study, each, understanding) for each in frozen_networks(config)]
    cases = len(plan.development)
    jobs = worker_count(study)
    given = [read_given(name, path) for name, path in config.given]
    dimensions = {each.network: each.n_dimensions for each in probes}
    dimensions |= {given_id(each.name): each.n_dimensions for each in given}
    cost = estimate_trials(config, understanding.manifest, plan, dimensions)
    trials = cost.search_seconds(config.trials, jobs)
    refitted = cost.refit_seconds(min(REFITTED, config.trials), jobs) + SECONDS_OF_REPORT
    n_shifted = shifted_images(study, plan, understanding)
    shifts = sum(each.shifted_seconds(n_shifted) for each in probes)
    tuning, tuning_seconds = tuning_lines(study, plan, understanding)
    total = sum(each.seconds for each in probes) + tuning_seconds + trials + refitted + shifts
    return [
        *understanding.lines,
        f"Plan:      {cases:,} development cases in {len(plan.folds)} folds, {len(plan.locked):,} locked",
        *(f"Note:      {note}" for note in plan.remarks),
        *(
            f"Stage one: {each.network}, {each.n_dimensions} dimensions, {each.images_per_second:.0f} images/s, "
            f"{each.missing:,} to compute: {in_words(each.seconds)}"
            for each in probes
        ),
        *(f"Tuning:    {line}" for line in tuning),
        f"Trials:    {config.trials} by {jobs} workers: about {in_words(trials)}",
        (
            f"Stack:     chains of about {min(REFITTED, config.trials)} trials again, figures and report: about "
            f"{in_words(refitted)}"
        ),
        f"Shifts:    {n_shifted:,} images under {len(SHIFTS)} shifts by {len(probes)} networks: about "
        f"{in_words(shifts)}"
        if n_shifted
        else "Shifts:    none",
        f"In all:    about {in_words(total)}",
        f"Disk:      {describe_disk(study, probes, len(understanding.inspection.table))}",
        "Nothing was begun; leave out --dry-run to search.",
    ]


def describe_disk(study: Study, probes: Sequence[Probe], n_images: int) -> str:
    """Return what the embeddings of some images take on the disk, in the cache and in the study, and what is free."""
    taken = sum(each.n_dimensions for each in probes) * n_images * 4 * 2
    root = study.workspace.root
    free = shutil.disk_usage(next(each for each in (root, *root.parents) if each.is_dir())).free
    return f"about {taken / 1e6:.0f} MB of {free / 1e9:.0f} GB free"


def shifted_images(study: Study, plan: FoldPlan, understanding: Understanding) -> int:
    """Return how many images are embedded under every shift: those of the sampled development cases."""
    if not study.config.measures_shifts:
        return 0
    per_case = understanding.manifest.images["case"].value_counts().reindex(plan.development).fillna(0)
    return round(float(per_case.mean()) * sample_size(study.config, len(plan.development)))


def tuning_lines(study: Study, plan: FoldPlan, understanding: Understanding) -> tuple[list[str], float]:
    """Return what tuning would do, how long each network would take on all folds, and the seconds of all of it."""
    request = request_tuning(study, understanding.manifest, plan)
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


def probe(study: Study, each: ResolvedNetwork, understanding: Understanding) -> Probe:
    """Measure a network on a few made-up images."""
    config = study.config
    device = resolve_device(config.device)
    network = load_network(each.backbone).to(device)
    recipe, passes = each.recipe, begin_passes(device, config.batch_size)
    images: Pixels = np.zeros((passes.size, recipe.height, recipe.width, 3), np.uint8)
    n_dimensions, seconds = 0, float("inf")
    for _ in range(PROBE_PASSES):
        start = time.perf_counter()
        embeddings = embed(
            network,
            images,
            mean=recipe.mean,
            std=recipe.std,
            views=config.views,
            device=device,
            precision=resolve_precision(device),
            passes=passes,
        )
        seconds = min(seconds, time.perf_counter() - start)
        n_dimensions = embeddings.shape[1]
    table = understanding.inspection.table
    contents = list(table.loc[table["error"] == "", "content"])
    cache = EmbeddingCache(study.workspace.cache / "embeddings")
    key = EmbeddingKey(
        network_digest(each.backbone, network), recipe.digest, config.views, resolve_precision(device)
    )
    _, found = cache.read(key, contents)
    missing = int((~found).sum())
    loading = measure_loading(study, each, understanding)
    return Probe(each.id, n_dimensions, passes.size / seconds, missing, loading)


def measure_loading(study: Study, each: ResolvedNetwork, understanding: Understanding) -> Loading:
    """Measure how long photographs take to be read and prepared, under no shift and under every one."""
    table = understanding.inspection.table
    whole = table[table["error"] == ""].iloc[:N_LOADED]
    paths, contents = list(whole["path"]), list(whole["content"])
    if not paths:
        return Loading()

    def measure(change: Change | None = None) -> float:
        start = time.perf_counter()
        root = understanding.manifest.images_root
        for _ in load_batches(root, paths, each.recipe, len(paths), change=change):
            pass
        return (time.perf_counter() - start) / len(paths)

    def shifted_by(name: str) -> Change:
        return lambda position, pixels: shift(name, pixels, 0, contents[position])

    measure()  # the first reading is of a cold disk
    plain = measure()
    if not study.config.shift_cases:
        return Loading(plain)
    return Loading(plain, sum(measure(shifted_by(name)) for name in SHIFTS) / len(SHIFTS))
