"""What a formula is made of: layers by name, as facts. An engine makes them learn or applies them.

Arrays of a layer, by the names under which they are kept (``NAME.weight`` and so on):

=========== ============================================================================
Dense       weight (n_out, n_in), bias (n_out,)
BatchNorm   weight, bias, running_mean, running_var, each (n,)
LayerNorm   weight, bias, each (n,)
Parameter   weight of its shape
=========== ============================================================================
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

EPSILON = 1e-5
"""What the normalisations add to a variance; PyTorch's."""


@dataclass(frozen=True)
class Dense:
    """A fully connected layer.

    Parameters
    ----------
    n_in, n_out : int
    zero : bool
        Whether it begins with zeros instead of PyTorch's usual distribution.
    """

    n_in: int
    n_out: int
    zero: bool = False


@dataclass(frozen=True)
class BatchNorm:
    """Normalisation over the batch in training, over the training in prediction (Ioffe & Szegedy 2015)."""

    n: int


@dataclass(frozen=True)
class LayerNorm:
    """Normalisation over the columns of a row (Ba et al. 2016)."""

    n: int


@dataclass(frozen=True)
class Parameter:
    """Numbers that are learnt and belong to no layer.

    Parameters
    ----------
    shape : tuple of int
    value : float
        What all of them begin with.
    """

    shape: tuple[int, ...]
    value: float = 0.0


Layer = Dense | BatchNorm | LayerNorm | Parameter
Layers = Mapping[str, Layer]


def dense_stack(prefix: str, sizes: list[int]) -> dict[str, Dense]:
    """Return fully connected layers one after the other, ``PREFIX.0`` first.

    Examples
    --------
    >>> dense_stack("gate", [20, 8, 64])
    {'gate.0': Dense(n_in=20, n_out=8, zero=False), 'gate.1': Dense(n_in=8, n_out=64, zero=False)}
    """
    return {f"{prefix}.{number}": Dense(*pair) for number, pair in enumerate(pairwise(sizes))}


def shapes_of(layers: Layers) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the layers' arrays by the names under which they are kept.

    Examples
    --------
    >>> shapes_of({"first": Dense(3, 2)})
    {'first.weight': (2, 3), 'first.bias': (2,)}
    """
    return {
        f"{name}.{part}": shape for name, layer in layers.items() for part, shape in _shapes(layer).items()
    }


def _shapes(layer: Layer) -> dict[str, tuple[int, ...]]:
    if isinstance(layer, Dense):
        return {"weight": (layer.n_out, layer.n_in), "bias": (layer.n_out,)}
    if isinstance(layer, BatchNorm):
        return dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (layer.n,))
    if isinstance(layer, LayerNorm):
        return dict.fromkeys(("weight", "bias"), (layer.n,))
    return {"weight": layer.shape}
