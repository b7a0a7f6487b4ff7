"""The columns that a chain's heads see, and the groups by which people think of them: image, age, sex, ..."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from automl_skin.arrays import FloatArray
from automl_skin.chains.config import FUSIONS, IMAGE, METADATA
from automl_skin.chains.fitted import FittedChain, build_design
from automl_skin.chains.inputs import CaseInputs
from automl_skin.features.encoder import MetadataEncoder
from automl_skin.heads.design import Design
from automl_skin.heads.protocol import FittedHead


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
