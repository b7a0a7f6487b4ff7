"""What a formula is made of: layers by name, as facts. An engine makes modules of them."""

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
