"""A tuned network's own head: its logits are the columns, and nothing is fitted any more.

Not a family that the search chooses: it stands in chains of the way ``own`` alone (`automl_skin.chains.config`).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import softmax

from automl_skin.arrays import FloatArray
from automl_skin.errors import InputError
from automl_skin.heads.cost import DesignSize
from automl_skin.heads.design import Design
from automl_skin.heads.protocol import Family
from automl_skin.heads.signature import Signature
from automl_skin.heads.training import Targets


@dataclass(frozen=True)
class OwnConfig:
    """Nothing is decided."""


@dataclass(frozen=True)
class OwnHead:
    """The softmax of one logit per class.

    Parameters
    ----------
    signature : Signature
        As many columns as classes, all of the image.
    """

    signature: Signature

    def predict(self, design: Design) -> FloatArray:
        """Return probabilities of shape (n_cases, n_classes)."""
        self.signature.check(design)
        return np.asarray(softmax(design.matrix.astype(np.float64), axis=1))

    def save(self, folder: Path) -> None:
        """Write ``head.json``."""
        self.signature.write(folder)


def fit(
    config: OwnConfig,  # noqa: ARG001 - the protocol's; nothing here is fitted
    design: Design,
    targets: Targets,
    seed: int,  # noqa: ARG001
    threads: int,  # noqa: ARG001
) -> OwnHead:
    """Return the head for one logit per class; see `Family`.

    Raises
    ------
    InputError
        If the columns are not one logit per class.
    """
    n_classes = targets.n_classes
    if (design.n_columns, design.image_columns) != (n_classes, n_classes):
        message = (
            f"a network's own head: expected one logit for each of {n_classes} classes, got {design.n_columns} columns "
            f"({design.image_columns} of the image); use the logits of the head that was tuned with the network"
        )
        raise InputError(message)
    return OwnHead(Signature(n_classes, n_classes, tuple(range(n_classes)), n_classes))


def load(folder: Path) -> OwnHead:
    """Load what `OwnHead.save` wrote."""
    return OwnHead(Signature.read(folder))


def estimate_seconds(config: OwnConfig, size: DesignSize) -> float:  # noqa: ARG001 - the protocol's
    """Return 0: nothing is fitted."""
    return 0.0


FAMILY = Family("own", OwnConfig, {}, fit, load, estimate_seconds, of_trees=False)
