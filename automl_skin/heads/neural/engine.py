"""One formula, two engines: a network is written once and computed by torch in training, by NumPy in prediction.

Why not torch in both: its kernels differ with the size of the batch, so that a case would get other last bits
alone than among others. Products of `NumpyEngine` go through `automl_skin.rowwise`, and everything else is
done value by value.

A formula asks for its layers by name (`automl_skin.heads.neural.layers`); ``+``, ``-`` and ``*`` of values are
the arrays' own. Values have the shape (n_cases, n_columns), or more axes in the middle; the last one is that of
the columns.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from torch import Tensor

    from automl_skin.arrays import FloatArray

Values = TypeVar("Values", "Tensor", "FloatArray")


class Engine(Protocol[Values]):
    """What a formula may do with values."""

    def dense(self, name: str, values: Values) -> Values:
        """Return ``values @ weight.T + bias`` of the layer `name`, shape (..., n_out)."""
        ...

    def batch_norm(self, name: str, values: Values) -> Values:
        """Normalise each column over the batch in training, by the stored statistics in prediction."""
        ...

    def layer_norm(self, name: str, values: Values) -> Values:
        """Normalise each row over its columns."""
        ...

    def parameter(self, name: str) -> Values:
        """Return a `Parameter`."""
        ...

    def relu(self, values: Values) -> Values:
        """Return the positive part."""
        ...

    def silu(self, values: Values) -> Values:
        """Return ``x * sigmoid(x)`` (Swish)."""
        ...

    def gelu(self, values: Values) -> Values:
        """Return ``x * Phi(x)`` with the distribution function of the normal distribution."""
        ...

    def sigmoid(self, values: Values) -> Values:
        """Return ``1 / (1 + exp(-x))``."""
        ...

    def tanh(self, values: Values) -> Values:
        """Return the hyperbolic tangent."""
        ...

    def concat(self, parts: Sequence[Values]) -> Values:
        """Put columns side by side."""
        ...

    def drop(self, values: Values, share: float, times: int = 1) -> Values:
        """Return the mean over `times` dropouts of `share` in training, the values themselves in prediction.

        A linear layer on the mean of several dropouts is the mean of that layer on each of them (Ha et al. 2020).
        """
        ...
