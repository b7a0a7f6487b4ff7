"""Layers by name, as the formulas of fusions and heads ask for them."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

from automl_skin.heads.neural.layers import EPSILON, BatchNorm, Dense, Layer, LayerNorm, Layers


class Engine(nn.Module):
    """Layers as modules, and what a formula may do with values besides the methods of a Tensor.

    Values have the shape (n_cases, n_columns), or more axes in the middle; the last axis is that of the columns.

    Parameters
    ----------
    layers : mapping of str to Layer
        Initial weights are drawn in this order.
    generator : torch.Generator, optional
        Draws initial weights, and what is dropped in training; torch's global generator is not touched. Without it
        nothing is drawn, and the weights are to be loaded (`automl_skin.heads.neural.state.load_module`).

    Examples
    --------
    >>> engine = Engine({"first": Dense(3, 2)}, torch.Generator().manual_seed(0))
    >>> engine.dense("first", torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """

    def __init__(self, layers: Layers, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.generator = generator
        self.layers = nn.ModuleDict({_key(name): _module(layer, generator) for name, layer in layers.items()})

    def dense(self, name: str, values: Tensor) -> Tensor:
        """Return ``values @ weight.T + bias`` of the layer `name`, shape (..., n_out)."""
        return self._apply_layer(name, values)

    def batch_norm(self, name: str, values: Tensor) -> Tensor:
        """Normalise each column over the batch in training, by the stored statistics in prediction.

        A batch of one case has no deviation, and is normalised as in prediction.
        """
        if len(values) > 1:
            return self._apply_layer(name, values)
        module = self.layers[_key(name)]
        assert isinstance(module, nn.BatchNorm1d)
        statistics = (module.running_mean, module.running_var)
        return functional.batch_norm(values, *statistics, module.weight, module.bias, eps=EPSILON)

    def layer_norm(self, name: str, values: Tensor) -> Tensor:
        """Normalise each row over its columns."""
        return self._apply_layer(name, values)

    def parameter(self, name: str) -> Tensor:
        """Return a `Parameter`."""
        weight = self.layers[_key(name)].weight
        assert isinstance(weight, Tensor)
        return weight

    def silu(self, values: Tensor) -> Tensor:
        """Return ``x * sigmoid(x)`` (Swish)."""
        return functional.silu(values)

    def gelu(self, values: Tensor) -> Tensor:
        """Return ``x * Phi(x)`` with the distribution function of the normal distribution."""
        return functional.gelu(values)

    def concat(self, parts: Sequence[Tensor]) -> Tensor:
        """Put columns side by side."""
        return torch.cat(list(parts), dim=-1)

    def drop(self, values: Tensor, share: float, times: int = 1) -> Tensor:
        """Return the mean over `times` dropouts of `share` in training, the values themselves in prediction.

        A linear layer on the mean of several dropouts is the mean of that layer on each of them (Ha et al. 2020).
        """
        if not self.training or share == 0.0:
            return values
        assert self.generator is not None
        return drop_values(values, share, self.generator, times)

    def _apply_layer(self, name: str, values: Tensor) -> Tensor:
        result: Tensor = self.layers[_key(name)](values)
        return result


def drop_values(values: Tensor, share: float, generator: torch.Generator, times: int = 1) -> Tensor:
    """Return the mean over `times` dropouts of `share`, drawn from the generator; see `Engine.drop`."""
    shape = values.shape if times == 1 else (times, *values.shape)
    drawn = torch.rand(shape, generator=generator, device=generator.device)
    kept = (drawn >= share).to(values.device)
    return values * (kept if times == 1 else kept.float().mean(dim=0)) / (1.0 - share)


@contextmanager
def drawing_from(generator: torch.Generator | None) -> Iterator[None]:
    """Let modules of other libraries draw their initial weights from a generator; torch's own is left as it was.

    Without a generator they draw as well, from a fixed seed, and the weights are to be loaded.
    """
    seed = 0
    if generator is not None:
        seed = int(torch.randint(2**31, (), generator=generator, device=generator.device))
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


class _Parameter(nn.Module):
    """A parameter as a module, so that it stands in one list with the layers."""

    def __init__(self, shape: tuple[int, ...], value: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full(shape, value))


def _key(name: str) -> str:
    return name.replace(".", "/")  # torch allows no dot in the name of a module


def _module(layer: Layer, generator: torch.Generator | None) -> nn.Module:
    if isinstance(layer, Dense):
        return _dense(layer, generator)
    if isinstance(layer, BatchNorm):
        return nn.BatchNorm1d(layer.n, eps=EPSILON)
    if isinstance(layer, LayerNorm):
        return nn.LayerNorm(layer.n, eps=EPSILON)
    return _Parameter(layer.shape, layer.value)


def _dense(layer: Dense, generator: torch.Generator | None) -> nn.Linear:
    """Return a layer with PyTorch's usual initial distribution (or zeros), without the global generator."""
    made = nn.Linear(layer.n_in, layer.n_out, device="meta")
    if generator is None:
        return made
    made = made.to_empty(device="cpu")
    bound = 1.0 / math.sqrt(layer.n_in)
    with torch.no_grad():
        for weights in (made.weight, made.bias):
            weights.uniform_(-bound, bound, generator=generator)
            if layer.zero:
                weights.zero_()
    return made
