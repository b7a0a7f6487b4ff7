"""Chains without two folds: what they say of both, of which they saw neither.

New cases are scored by the mean of K chains, and every development case was seen by all of them but one. The chains
without its fold and one other are K - 1 that saw neither the case nor, two by two, the same rows: their mean stands in
for that of the K (`automl_skin.stacking.nested`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from automl_skin.arrays import FloatArray
from automl_skin.chains.config import ChainConfig
from automl_skin.chains.fitted import with_reference
from automl_skin.chains.fitting import FoldFitter
from automl_skin.search.material import Material
from automl_skin.search.objective import THREADS, Bench
from automl_skin.seeding import derive_seed


@dataclass(frozen=True)
class PairAnswer:
    """What a chain without two folds says of them, uncalibrated; its ranks are positions in the inner fold.

    Parameters
    ----------
    outer, inner : ndarray of shape (n_rows, n_classes)
        Of the rows of each, in their order.
    """

    outer: FloatArray
    inner: FloatArray


def answer_pair(
    bench: Bench, configs: Sequence[ChainConfig], first: int, second: int
) -> list[dict[tuple[int, int], PairAnswer]]:
    """Fit chains of frozen networks without two folds, and apply them to both.

    Returns
    -------
    list of dict of (outer fold, inner fold) to PairAnswer
        One per chain, with both orders of the folds.
    """
    material = Material.read(bench.material)
    fitter = FoldFitter(
        material.inputs,
        material.training_labels,
        np.where(material.folds == second, first, material.folds),
        dict(material.kinds),
        bench.encoder,
        derive_seed(bench.seed, "pair", first, second),
        material.plan_digest,
    )
    with threadpool_limits(THREADS):
        return [_answer(material, fitter, config, first, second) for config in configs]


def _answer(
    material: Material, fitter: FoldFitter, config: ChainConfig, first: int, second: int
) -> dict[tuple[int, int], PairAnswer]:
    chain, _ = fitter.fit(config, first, THREADS)
    inputs = material.inputs.only(chain.image_names)
    branches = {
        fold: chain.branches(inputs.take(np.flatnonzero(material.folds == fold))) for fold in (first, second)
    }
    answers = {}
    for outer, inner in ((first, second), (second, first)):
        ranked = with_reference(chain, np.sort(branches[inner], axis=1))
        answers[outer, inner] = PairAnswer(ranked.combine(branches[outer]), ranked.combine(branches[inner]))
    return answers
