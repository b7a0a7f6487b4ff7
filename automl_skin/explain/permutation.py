"""What a chain loses when a group of its inputs is dealt anew among cases (Breiman 2001).

Measured on the rows that the chain of a fold has not seen. A group is permuted as a whole, embeddings or one field of
the metadata, so that columns which stand in for each other within it do not hide it; groups that stand in for each
other still do.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.chains.config import IMAGE
from automl_skin.chains.fitted import FittedChain
from automl_skin.chains.inputs import CaseInputs
from automl_skin.metrics.catalogue import Metric
from automl_skin.seeding import generator

REPEATS = 10


def permutation_importance(
    chains: Mapping[int, FittedChain],
    inputs: CaseInputs,
    labels: IntArray,
    folds: IntArray,
    metric: Metric,
    *,
    seed: int,
    repeats: int = REPEATS,
) -> dict[str, FloatArray]:
    """Return what every group is worth to the chains of all folds.

    Parameters
    ----------
    chains : mapping of int to FittedChain
        By the fold that they have not seen.
    labels, folds : ndarray of shape (n_cases,)
    repeats : int
        Permutations that are averaged.

    Returns
    -------
    dict of str to ndarray of shape (n_folds,)
        By group ("image", or the name of a field) how much greater the metric's utility is without permutation.
    """
    worth: dict[str, list[float]] = {}
    for fold, chain in chains.items():
        rows = np.flatnonzero(folds == fold)
        some = inputs.only(chain.image_names).take(rows)
        whole = metric.utility(labels[rows], chain.predict(some))
        for group in groups_of(chain):
            drawn = [generator(seed, "permutation", fold, group, at) for at in range(repeats)]
            values = [
                metric.utility(labels[rows], chain.predict(permuted(some, group, rng))) for rng in drawn
            ]
            worth.setdefault(group, []).append(whole - float(np.mean(values)))
    return {group: np.array(values) for group, values in worth.items()}


def groups_of(chain: FittedChain) -> list[str]:
    """Return the groups of inputs that a chain sees: the image, and the fields of the metadata."""
    image = [IMAGE] if chain.config.uses_image else []
    return image + [field.name for field in (chain.encoder.fields if chain.encoder else ())]


def permuted(inputs: CaseInputs, group: str, rng: np.random.Generator) -> CaseInputs:
    """Return the cases with the images, or the values of one field, of one another."""
    order = rng.permutation(len(inputs))
    if group == IMAGE:
        return replace(inputs.take(order), metadata=inputs.metadata)
    values = inputs.metadata[group].iloc[order].set_axis(inputs.metadata.index)
    return replace(inputs, metadata=inputs.metadata.assign(**{group: values}))
