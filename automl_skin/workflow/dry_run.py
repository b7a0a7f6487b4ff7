"""What a search would do, and what time and disk it needs, before it does it."""

import shutil
import time
from dataclasses import dataclass, replace

import numpy as np

from automl_skin.arrays import Pixels
from automl_skin.backbones.device import resolve_device, resolve_precision
from automl_skin.backbones.network import embed, load_network, network_digest
from automl_skin.backbones.tuning.data import TuningData
from automl_skin.backbones.tuning.names import parse_tuning
from automl_skin.backbones.tuning.train import tune
from automl_skin.data.plan import FoldPlan
from automl_skin.embeddings.cache import EmbeddingCache
from automl_skin.embeddings.key import EmbeddingKey
from automl_skin.search.tuning_plan import in_words, plan_in_words, predict_seconds
from automl_skin.search.tuning_settings import NO_TUNING
from automl_skin.search.tuning_steps import StepOutcome
from automl_skin.search.tuning_wishes import Candidate
from automl_skin.workflow.networks import EmbeddingSet, embedding_sets
from automl_skin.workflow.prepare import draw_plan, with_data
from automl_skin.workflow.rounds import wishes_of
from automl_skin.workflow.study import Study
from automl_skin.workflow.trials import worker_count
from automl_skin.workflow.tune import towers_of
from automl_skin.workflow.understand import Reporter, Understanding, require_images, understand

PROBE_BATCHES = 3
BATCH = 16
WITHOUT_BUDGET = "none, since there is no GPU and no budget; --tuning-budget 2h tunes for two hours"
SECONDS_A_TRIAL = 8.0
"""Of one worker with about 8,000 cases; trials of few cases are faster."""


@dataclass(frozen=True)
class Probe:
    """How fast one embedding set is here.

    Parameters
    ----------
    name : str
    n_dimensions : int
    images_a_second : float
    missing : int
        Images that the cache does not have.
    """

    name: str
    n_dimensions: int
    images_a_second: float
    missing: int

    @property
    def seconds(self) -> float:
        """Time of stage one for the missing images."""
        return self.missing / self.images_a_second


def estimate(study: Study, report: Reporter) -> list[str]:
    """Return the plan of a search as lines: what was understood, folds, stage one, trials, disk."""
    config = with_data(study, report)
    understanding = understand(config, study.workspace.cache, report)
    require_images(understanding, allow_missing=config.allow_missing)
    plan = draw_plan(config, understanding)
    probes = [probe(study, each, understanding) for each in embedding_sets(config)]
    cases = len(plan.development)
    jobs = worker_count(study)
    trials = config.trials * SECONDS_A_TRIAL * min(cases / 8000, 1.0) / jobs
    n_images = len(understanding.inspection.table)
    disk = sum(each.n_dimensions for each in probes) * n_images * 4 * 2
    root = study.workspace.root
    free = shutil.disk_usage(next(each for each in (root, *root.parents) if each.is_dir())).free
    return [
        *understanding.lines,
        f"Plan:      {cases:,} development cases in {len(plan.folds)} folds, {len(plan.locked):,} locked",
        *(f"Note:      {note}" for note in plan.notes),
        *(
            f"Stage one: {each.name}, {each.n_dimensions} dimensions, {each.images_a_second:.0f} images/s, "
            f"{each.missing:,} to compute: {each.seconds / 60:.1f} min"
            for each in probes
        ),
        *(f"Tuning:    {line}" for line in tuning_lines(study, plan, understanding)),
        f"Trials:    {config.trials} by {jobs} workers: about {trials / 60:.0f} min",
        f"Disk:      about {disk / 1e6:.0f} MB of {free / 1e9:.0f} GB free",
        "Nothing was begun; leave out --dry-run to search.",
    ]


def tuning_lines(study: Study, plan: FoldPlan, understanding: Understanding) -> list[str]:
    """Return what tuning would do, and how long a tuning of each set would take on all folds."""
    manifest = understanding.manifest
    of_development = manifest.images["case"].isin(plan.development)
    wishes = wishes_of(
        study,
        len(plan.folds),
        int(of_development.sum()),
        has_metadata=bool(manifest.kinds),
        n_towers=len(towers_of(study.config, manifest.images)) or 1,
    )
    if wishes is None:
        return ["none" if study.config.tuning == (NO_TUNING,) else WITHOUT_BUDGET]
    sets = embedding_sets(study.config)
    lines = plan_in_words(wishes, len(sets))
    for each in sets:
        speed = tuning_speed(study, each, wishes.base)
        candidate = Candidate(each.backbone.name, each.recipe_name)
        for name in wishes.names if not wishes.is_auto else (wishes.base,):
            step = wishes.step(candidate, name)
            measured = StepOutcome(step, "finished", image_seconds=1.0 / speed)
            # a processor was measured whole: its processes share what one had
            alone = replace(wishes, lanes=max(len(study.config.devices), 1))
            seconds = predict_seconds(step, alone, [measured]) or 0.0
            lines.append(f"{step.title}: {speed:.0f} images/s, about {in_words(seconds)} on all folds")
    return lines


def tuning_speed(study: Study, each: EmbeddingSet, name: str) -> float:
    """Return the images that are trained on in a second, measured on a few made-up ones."""
    device = resolve_device((*study.config.devices, study.config.device)[0])
    named = parse_tuning(name, study.config.tuning_changes).recipe
    recipe = replace(
        named, epochs=1, patience=0, mode="full", fusion="concat", fusion_settings="", image_dropout=0.0
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


def probe(study: Study, each: EmbeddingSet, understanding: Understanding) -> Probe:
    """Measure an embedding set on a few made-up images."""
    config = study.config
    device = resolve_device(config.device)
    network = load_network(each.backbone).to(device)
    recipe = each.recipe
    images: Pixels = np.zeros((BATCH, recipe.height, recipe.width, 3), np.uint8)
    n_dimensions, seconds = 0, float("inf")
    for _ in range(PROBE_BATCHES):
        start = time.perf_counter()
        embeddings = embed(
            network,
            images,
            mean=recipe.mean,
            std=recipe.std,
            views=config.views,
            device=device,
            precision=resolve_precision(device),
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
    return Probe(each.name, n_dimensions, BATCH / seconds, int((~found).sum()))
