"""The last calibrator of a stack: that of the mean over folds, which new cases get."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from automl_skin.arrays import FloatArray
from automl_skin.images.loading import Progress
from automl_skin.search.material import Material
from automl_skin.search.pairs import PairAnswer, answer_pair
from automl_skin.search.trial import TrialRecord
from automl_skin.stacking.nested import MIN_FOLDS, NestedMember, calibrate_mean
from automl_skin.stacking.stack import Stack
from automl_skin.steps.trials import bench_of, worker_count
from automl_skin.study.study import Study
from automl_skin.workers.processes import open_workers


def calibrate_deployed(
    study: Study,
    records: Sequence[TrialRecord],
    stack: Stack,
    probabilities: FloatArray,
    material: Material,
    progress: Progress | None = None,
) -> tuple[Stack, FloatArray]:
    """Return the stack with the calibrator of its mean, and what it says out of fold.

    Members with tuned networks have no chain without two folds, for no network was tuned without them that embeds the
    others: their single chains stand in. A stack of such members alone, or of fewer than three folds, is returned as it
    is.

    Parameters
    ----------
    probabilities : ndarray of shape (n_cases, n_classes)
        Of the stack's single chains, out of fold.

    Returns
    -------
    stack : Stack
    deployed : ndarray of shape (n_cases, n_classes)
    """
    configs = {record.plan.number: record.plan.config for record in records}
    frozen = {each: configs[each] for each in stack.members if not configs[each].is_tuned}
    n_folds = len(stack.blends)
    if not frozen or n_folds < MIN_FOLDS:
        return stack, probabilities
    pairs = list(combinations(range(n_folds), 2))
    needed = {
        pair: [each for each in frozen if any(each in stack.blends[fold].members for fold in pair)]
        for pair in pairs
    }
    members = {
        each: NestedMember.of_single_chains(study.journal.predictions(each).raw, n_folds)
        for each in stack.members
    }
    members |= {each: NestedMember(*np.zeros((2, *members[each].inner.shape))) for each in frozen}
    with open_workers(min(worker_count(study), len(pairs))) as workers:
        futures = [
            workers.submit(answer_pair, bench_of(study), [frozen[each] for each in needed[pair]], *pair)
            for pair in pairs
        ]
        for done, (pair, future) in enumerate(zip(pairs, futures, strict=True), 1):
            for each, answers in zip(needed[pair], future.result(), strict=True):
                _enter(members[each], answers, material)
            if progress is not None:
                progress(done, len(pairs))
    return calibrate_mean(stack, members, material.labels, material.folds)


def _enter(member: NestedMember, answers: dict[tuple[int, int], PairAnswer], material: Material) -> None:
    for (outer, inner), answer in answers.items():
        member.inner[outer][material.folds == inner] = answer.inner
        member.outer[inner][material.folds == outer] = answer.outer
