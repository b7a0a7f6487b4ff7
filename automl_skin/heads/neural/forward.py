"""The network of the neural head, in NumPy, for prediction.

Why not torch: its kernels differ with the size of the batch, so that a case would get other last bits
alone than among others. Here products go through `rowwise_product`, and everything else is done value by
value.
"""

import re

import numpy as np
from scipy.special import erf, expit

from automl_skin.arrays import FloatArray
from automl_skin.heads.design import Design
from automl_skin.heads.neural.config import Activation
from automl_skin.heads.stored import Arrays
from automl_skin.rowwise import rowwise_product, rowwise_softmax


def network_probabilities(arrays: Arrays, activation: Activation, design: Design) -> FloatArray:
    """Return probabilities of shape (n_cases, n_present) of one network.

    Parameters
    ----------
    arrays : mapping
        The state of `automl_skin.heads.neural.network.Network`, by its names.
    activation : {"relu", "gelu"}
    design : Design
    """
    values: FloatArray = design.matrix.astype(np.float64)
    if "gate.layers.0.weight" in arrays:
        values = design.image * _gate(arrays, design)
    for name in _layers(arrays, "hidden"):
        values = _activate(_affine(arrays, name, values), activation)
    return rowwise_softmax(_affine(arrays, "last", values))


def _gate(arrays: Arrays, design: Design) -> FloatArray:
    *hidden, last = _layers(arrays, "gate.layers")
    values: FloatArray = design.metadata.astype(np.float64)
    for name in hidden:
        values = np.maximum(_affine(arrays, name, values), 0.0)
    gate: FloatArray = expit(_affine(arrays, last, values))
    return gate


def _affine(arrays: Arrays, name: str, values: FloatArray) -> FloatArray:
    return rowwise_product(values, arrays[f"{name}.weight"].T) + arrays[f"{name}.bias"].astype(np.float64)


def _activate(values: FloatArray, activation: Activation) -> FloatArray:
    if activation == "relu":
        return np.maximum(values, 0.0)
    gelu: FloatArray = 0.5 * values * (1.0 + erf(values / np.sqrt(2.0)))
    return gelu


def _layers(arrays: Arrays, prefix: str) -> list[str]:
    """Return the names of the layers below `prefix`, in their order."""
    found = re.findall(rf"^{re.escape(prefix)}\.(\d+)\.weight$", "\n".join(arrays), flags=re.MULTILINE)
    return [f"{prefix}.{number}" for number in sorted(map(int, found))]
