"""The engine that predicts: each row of a result depends on that row alone, to the last bit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import erf, expit

from automl_skin.arrays import FloatArray
from automl_skin.heads.neural.layers import EPSILON
from automl_skin.heads.stored import Arrays
from automl_skin.rowwise import rowwise_mean, rowwise_product


@dataclass(frozen=True, eq=False)
class NumpyEngine:
    """Layers as arrays; see `automl_skin.heads.neural.engine.Engine`. Values are float64.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        As `TorchEngine.arrays` returns them.

    Examples
    --------
    >>> engine = NumpyEngine({"first.weight": np.ones((2, 3)), "first.bias": np.zeros(2)})
    >>> engine.dense("first", np.ones((1, 3)))
    array([[3., 3.]])
    """

    arrays: Arrays

    def dense(self, name: str, values: FloatArray) -> FloatArray:
        """Apply a fully connected layer."""
        weight = self.arrays[f"{name}.weight"]
        product = rowwise_product(values.reshape(-1, values.shape[-1]), weight.T)
        return product.reshape(*values.shape[:-1], len(weight)) + self._wide(f"{name}.bias")

    def batch_norm(self, name: str, values: FloatArray) -> FloatArray:
        """Normalise by the statistics of the training: an affine map of each column."""
        deviation = np.sqrt(self._wide(f"{name}.running_var") + EPSILON)
        slope = self._wide(f"{name}.weight") / deviation
        return slope * (values - self._wide(f"{name}.running_mean")) + self._wide(f"{name}.bias")

    def layer_norm(self, name: str, values: FloatArray) -> FloatArray:
        """Normalise over the columns."""
        centred = values - rowwise_mean(values)
        deviation = np.sqrt(rowwise_mean(centred * centred) + EPSILON)
        return self._wide(f"{name}.weight") * (centred / deviation) + self._wide(f"{name}.bias")

    def parameter(self, name: str) -> FloatArray:
        """Return a parameter."""
        return self._wide(f"{name}.weight")

    def relu(self, values: FloatArray) -> FloatArray:
        """Return the positive part."""
        return np.maximum(values, 0.0)

    def silu(self, values: FloatArray) -> FloatArray:
        """Return ``x * sigmoid(x)``."""
        return values * self.sigmoid(values)

    def gelu(self, values: FloatArray) -> FloatArray:
        """Return ``x * Phi(x)``."""
        gelu: FloatArray = 0.5 * values * (1.0 + erf(values / np.sqrt(2.0)))
        return gelu

    def sigmoid(self, values: FloatArray) -> FloatArray:
        """Return ``1 / (1 + exp(-x))``."""
        sigmoid: FloatArray = expit(values)
        return sigmoid

    def tanh(self, values: FloatArray) -> FloatArray:
        """Return the hyperbolic tangent, by the sigmoid: SciPy's goes value by value, NumPy's in vectors."""
        return 2.0 * self.sigmoid(2.0 * values) - 1.0

    def concat(self, parts: Sequence[FloatArray]) -> FloatArray:
        """Put columns side by side."""
        return np.concatenate(list(parts), axis=-1)

    def drop(self, values: FloatArray, share: float, times: int = 1) -> FloatArray:  # noqa: ARG002 - the protocol's
        """Return the values; nothing is dropped in prediction."""
        return values

    def _wide(self, name: str) -> FloatArray:
        wide: FloatArray = self.arrays[name].astype(np.float64)
        return wide
