"""The groups by which people think of a chain's inputs: image, age, sex, ...; their columns, and what each is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.chains.config import FUSIONS, IMAGE, METADATA
from automl_skin.chains.fitted import FittedChain, build_design
from automl_skin.chains.inputs import CaseInputs
from automl_skin.features.encoder import MetadataEncoder
from automl_skin.heads.design import Design
from automl_skin.heads.protocol import FittedHead
from automl_skin.metrics.catalogue import Metric
from automl_skin.seeding import generator

REPEATS = 10


@dataclass(frozen=True)
class Branch:
    """A head with what it sees of some cases.

    Parameters
    ----------
    columns, groups : tuple of str
        Name of every column, and of the group that it belongs to.
    """

    head: FittedHead
    design: Design
    columns: tuple[str, ...]
    groups: tuple[str, ...]

    def by_group(self, values: FloatArray) -> dict[str, FloatArray]:
        """Return values of the columns summed within groups; columns are the second dimension, or the only one.

        Examples
        --------
        >>> branch = Branch(None, None, ("a=1", "a=2", "b"), ("a", "a", "b"))
        >>> {name: float(value) for name, value in branch.by_group(np.array([1.0, 2.0, 4.0])).items()}
        {'a': 3.0, 'b': 4.0}
        """
        axis = 0 if values.ndim == 1 else 1
        members = {
            group: [at for at, each in enumerate(self.groups) if each == group] for group in self.groups
        }
        return {group: np.asarray(values.take(at, axis=axis).sum(axis=axis)) for group, at in members.items()}


def branches_of(chain: FittedChain, inputs: CaseInputs) -> list[Branch]:
    """Return the heads of a chain with the columns that they see of some cases."""
    metadata = chain.encoder.transform(inputs.metadata) if chain.encoder else None
    image = chain.project(inputs, metadata)
    n_image = 0 if image is None else image.shape[1]
    kind = "logit" if chain.config.uses_logits else "component" if chain.config.components else "column"
    names = {
        IMAGE: [(f"image {kind} {at}", IMAGE) for at in range(n_image)],
        METADATA: column_fields(chain.encoder) if chain.encoder else [],
    }
    found = []
    for head, seen in zip(chain.heads, FUSIONS[chain.config.fusion].branches, strict=True):
        columns, groups = zip(*(pair for name in seen for pair in names[name]), strict=True)
        found.append(Branch(head, build_design(seen, image, metadata), columns, groups))
    return found


def column_fields(encoder: MetadataEncoder) -> list[tuple[str, str]]:
    """Return the encoded columns of an encoder, each with the field that it is of."""
    pairs = [(column, field.name) for field in encoder.fields for column in field.columns]
    indicators = encoder.columns[len(pairs) :]
    return pairs + [(name, field.name) for name, field in zip(indicators, encoder.fields, strict=False)]


def mean_shares(parts: Sequence[Mapping[str, FloatArray]]) -> dict[str, FloatArray]:
    """Return one value per fold of every group from the groups' values by fold; 0 where a fold lacks the group."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: np.array([float(part.get(name, np.zeros(()))) for part in parts]) for name in names}


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
    """Return what every group is worth to the chains of all folds: what is lost when it is permuted (Breiman 2001).

    Measured on the rows that the chain of a fold has not seen. A group is permuted as a whole, embeddings or one field
    of the metadata, so that columns which stand in for each other within it do not hide it; groups that stand in for
    each other still do.

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
