"""The engine that learns."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from automl_skin.arrays import Float32Array
from automl_skin.heads.neural.dense import dense
from automl_skin.heads.neural.layers import EPSILON, BatchNorm, Dense, Layer, LayerNorm, Layers

_DOT, _SLASH = ".", "/"  # torch does not let a module's name have a dot


class TorchEngine(nn.Module):
    """Layers as modules; see `automl_skin.heads.neural.engine.Engine`.

    Parameters
    ----------
    layers : mapping of str to Layer
        Initial weights are drawn in this order.
    generator : torch.Generator
        Draws initial weights, and what is dropped in training. torch's global generator is not touched.

    Examples
    --------
    >>> engine = TorchEngine({"first": Dense(3, 2)}, torch.Generator().manual_seed(0))
    >>> engine.dense("first", torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    >>> {name: array.shape for name, array in engine.arrays().items()}
    {'first.weight': (2, 3), 'first.bias': (2,)}
    """

    def __init__(self, layers: Layers, generator: torch.Generator) -> None:
        super().__init__()
        self.generator = generator
        modules = {name.replace(_DOT, _SLASH): _module(layer, generator) for name, layer in layers.items()}
        self.layers = nn.ModuleDict(modules)

    def arrays(self) -> dict[str, Float32Array]:
        """Return what `NumpyEngine` needs: copies of all arrays by the layers' names, on the CPU."""
        state = {name.replace(_SLASH, _DOT): tensor for name, tensor in self.layers.state_dict().items()}
        return {
            name: np.array(tensor.detach().float().cpu().numpy())
            for name, tensor in state.items()
            if not name.endswith("num_batches_tracked")
        }

    def dense(self, name: str, values: Tensor) -> Tensor:
        """Apply a fully connected layer."""
        return self._apply_layer(name, values)

    def batch_norm(self, name: str, values: Tensor) -> Tensor:
        """Normalise over the batch; a batch of one case has no deviation and is normalised as in prediction."""
        module = self.layers[name.replace(_DOT, _SLASH)]
        assert isinstance(module, nn.BatchNorm1d)
        if len(values) > 1:
            return self._apply_layer(name, values)
        statistics = (module.running_mean, module.running_var)
        return functional.batch_norm(values, *statistics, module.weight, module.bias, eps=EPSILON)

    def layer_norm(self, name: str, values: Tensor) -> Tensor:
        """Normalise over the columns."""
        return self._apply_layer(name, values)

    def parameter(self, name: str) -> Tensor:
        """Return a parameter."""
        weight = self.layers[name.replace(_DOT, _SLASH)].weight
        assert isinstance(weight, Tensor)
        return weight

    def relu(self, values: Tensor) -> Tensor:
        """Return the positive part."""
        return torch.relu(values)

    def silu(self, values: Tensor) -> Tensor:
        """Return ``x * sigmoid(x)``."""
        return functional.silu(values)

    def gelu(self, values: Tensor) -> Tensor:
        """Return ``x * Phi(x)``."""
        return functional.gelu(values)

    def sigmoid(self, values: Tensor) -> Tensor:
        """Return ``1 / (1 + exp(-x))``."""
        return torch.sigmoid(values)

    def tanh(self, values: Tensor) -> Tensor:
        """Return the hyperbolic tangent."""
        return torch.tanh(values)

    def concat(self, parts: Sequence[Tensor]) -> Tensor:
        """Put columns side by side."""
        return torch.cat(list(parts), dim=-1)

    def drop(self, values: Tensor, share: float, times: int = 1) -> Tensor:
        """Drop a share of the values in training, `times` over, and return the mean."""
        if not self.training or share == 0.0:
            return values
        shape = values.shape if times == 1 else (times, *values.shape)
        drawn = torch.rand(shape, generator=self.generator, device=self.generator.device)
        kept = (drawn >= share).to(values.device)
        return values * (kept if times == 1 else kept.float().mean(dim=0)) / (1.0 - share)

    def _apply_layer(self, name: str, values: Tensor) -> Tensor:
        result: Tensor = self.layers[name.replace(_DOT, _SLASH)](values)
        return result


class _Parameter(nn.Module):
    """A parameter as a module, so that it stands in one list with the layers."""

    def __init__(self, shape: tuple[int, ...], value: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full(shape, value))


def _module(layer: Layer, generator: torch.Generator) -> nn.Module:
    if isinstance(layer, Dense):
        return _dense(layer, generator)
    if isinstance(layer, BatchNorm):
        return nn.BatchNorm1d(layer.n, eps=EPSILON)
    if isinstance(layer, LayerNorm):
        return nn.LayerNorm(layer.n, eps=EPSILON)
    return _Parameter(layer.shape, layer.value)


def _dense(layer: Dense, generator: torch.Generator) -> nn.Linear:
    made = dense(layer.n_in, layer.n_out, generator)
    if layer.zero:
        with torch.no_grad():
            made.weight.zero_()
            made.bias.zero_()
    return made
