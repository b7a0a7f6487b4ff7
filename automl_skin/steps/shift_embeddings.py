"""Embeddings of the sampled cases under every shift, by the networks that are applied to each."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from automl_skin.arrays import Float32Array
from automl_skin.chains.config import rotated
from automl_skin.embeddings.key import check_tuned_on
from automl_skin.images.loading import Progress
from automl_skin.images.shifts import SHIFTS
from automl_skin.search.material import Material
from automl_skin.search.shifted import Sample, ShiftedMaterial, begin, sample_cases
from automl_skin.steps.embedder import Embedder
from automl_skin.steps.events import Listener, start_progress
from automl_skin.steps.networks import ResolvedNetwork
from automl_skin.steps.prepare import Prepared
from automl_skin.study.config import StudyConfig
from automl_skin.study.study import Study

SYNTHETIC_CASES = 100
"""At most so many sampled cases of the built-in study, which should be quick to try."""


def sample_of(study: Study, cases: pd.DataFrame) -> Sample:
    """Return the development cases that a study looks at under shift."""
    return Sample(sample_cases(cases, sampled_cases(study, len(cases)), study.config.seed), tuple(SHIFTS))


def sampled_cases(study: Study, n_cases: int) -> int:
    """Return how many of the development cases are looked at under shift, as far as a budget has time for them."""
    wanted, budget = sample_size(study.config, n_cases), study.current_budget
    return wanted if budget is None else min(wanted, budget.shift_cases)


def sample_size(config: StudyConfig, n_cases: int) -> int:
    """Return how many of the development cases a study asks to be looked at under shift."""
    wanted = min(config.shift_cases, SYNTHETIC_CASES) if config.is_synthetic else config.shift_cases
    return min(wanted, n_cases)


def ensure_shifted(
    prepared: Prepared, networks: Sequence[ResolvedNetwork], tell: Listener
) -> ShiftedMaterial:
    """Embed the sampled cases under every shift by each of the networks, where that is not done yet.

    Every case is embedded by the networks only that the chain of its own fold applies.

    Raises
    ------
    LeakageError
        If a network was tuned on cases that it would have to embed.
    """
    study = prepared.study
    material = Material.read(study.material)
    shifted = begin(study.shifted, material.cases, sample_of(study, material.cases))
    for each in networks:
        unshifted = material.digests[each.name]
        kept = shifted.sets.get(each.name)
        if kept is None or kept.unshifted != unshifted:
            folds = applied_folds(each, prepared.plan.digest, material.n_folds)
            values = embed_shifted(prepared, each, shifted, material.cases, folds, tell)
            shifted = shifted.add(each.name, values, folds, unshifted)
    return shifted


def applied_folds(each: ResolvedNetwork, plan_digest: str, n_folds: int) -> tuple[int, ...]:
    """Return the folds whose chains apply a network: all for a frozen one.

    Raises
    ------
    LeakageError
        If the network was tuned on cases of such a fold, or under another plan.
    """
    if each.tuned_on is None:
        return tuple(range(n_folds))
    held_out = each.id.held_out
    alone = held_out if len(held_out) == 1 else ()
    in_rotation = (fold for fold in held_out if held_out == tuple(sorted({fold, rotated(fold, n_folds)})))
    folds = alone or tuple(in_rotation)
    for fold in folds:
        check_tuned_on(each.tuned_on, plan_digest, fold)
    return folds


def embed_shifted(
    prepared: Prepared,
    each: ResolvedNetwork,
    shifted: ShiftedMaterial,
    cases: pd.DataFrame,
    folds: Sequence[int],
    tell: Listener,
) -> Float32Array:
    """Return a set's embeddings of the sampled cases of some folds, shape (n_shifts, n_rows, n_dimensions)."""
    wanted = cases.index[shifted.sample.positions[shifted.rows_of_set(folds)]]
    shifts = shifted.sample.shifts
    what = f"Embedding {len(wanted):,} cases under {len(shifts)} shifts by {each.name}"
    progress = start_progress(tell, what)
    embedder = Embedder(prepared, tell)
    values = [
        embedder.embed(each, wanted, shift, _part_of(progress, position, len(shifts))).pool(wanted)
        for position, shift in enumerate(shifts)
    ]
    return np.stack(values)


def _part_of(progress: Progress, position: int, parts: int) -> Progress:
    """Return the progress of one of several equal parts of a whole."""
    return lambda done, total: progress(position * total + done, parts * total)
