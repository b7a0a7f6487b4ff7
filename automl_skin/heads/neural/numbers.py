"""Which metadata columns are numbers, and the bins of their piecewise-linear encoding: decided in training alone.

Symbols
-------
n_numbers : columns that are embedded
n_bins : bins of one column, at most `TrainingConfig.numeric_bins`
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from automl_skin.arrays import Float32Array, FloatArray
from automl_skin.errors import IntegrityError
from automl_skin.heads.neural.config import TrainingConfig
from automl_skin.heads.stored import Facts, check_arrays, read_arrays, write_arrays

FILE_NAME = "numbers.safetensors"

MIN_VALUES = 4
"""Distinct values of a number in training. The column of a level has three: 0, 1 and what stands for a missing one."""

MIN_WIDTH = 1 / 256
"""Of a bin, as a share of a column's range."""

MAX_WIDTH = 10_000
MAX_EMBEDDED = 10_000_000
"""Weights of the embeddings of a head that is loaded: far above what any space holds."""


@dataclass(frozen=True)
class Numbers:
    """The metadata columns that a network embeds.

    Parameters
    ----------
    columns : tuple of int
        Among the metadata columns, ascending.
    edges : tuple of tuple of float
        Per column the edges of its bins, ascending, two at least.
    """

    columns: tuple[int, ...] = ()
    edges: tuple[tuple[float, ...], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.columns)

    def count_columns(self, n_metadata: int, width: int) -> int:
        """Return how many metadata columns there are once numbers have become `width` columns each.

        Examples
        --------
        >>> Numbers((0, 3), ((0.0, 1.0), (0.0, 2.0))).count_columns(5, 8)
        19
        """
        return n_metadata + len(self.columns) * (width - 1)

    def save(self, folder: Path) -> None:
        """Write ``numbers.safetensors``."""
        arrays = {
            "columns": np.array(self.columns, np.int32),
            "sizes": np.array([len(each) for each in self.edges], np.int32),
            "edges": np.concatenate([np.array(each, np.float64) for each in self.edges]),
        }
        write_arrays(folder / FILE_NAME, arrays)


NO_NUMBERS = Numbers()


def find_numbers(config: TrainingConfig, metadata: Float32Array) -> Numbers:
    """Return the numbers among the metadata of training cases, with bins at their quantiles.

    Quantiles as edges: Gorishniy et al. 2022, section 3.2.1.

    Parameters
    ----------
    config : TrainingConfig
    metadata : ndarray of shape (n_cases, n_metadata)

    Examples
    --------
    >>> metadata = np.array([[0, 1], [1, 2], [0, 3], [1, 4]], dtype=np.float32)
    >>> find_numbers(TrainingConfig(numeric_embedding="piecewise", numeric_bins=2), metadata)
    Numbers(columns=(1,), edges=((1.0, 2.5, 4.0),))
    """
    if config.numeric_embedding == "none":
        return NO_NUMBERS
    columns = [number for number, column in enumerate(metadata.T) if len(np.unique(column)) >= MIN_VALUES]
    places = np.linspace(0.0, 1.0, config.numeric_bins + 1)
    return Numbers(tuple(columns), tuple(_edges(metadata[:, each], places) for each in columns))


def load_numbers(config: TrainingConfig, n_metadata: int, folder: Path) -> Numbers:
    """Read what `Numbers.save` wrote, where there is any.

    Raises
    ------
    IntegrityError
        If the columns are not among the metadata, or the edges are not those of bins.
    """
    path = folder / FILE_NAME
    if config.numeric_embedding == "none" or not path.exists():
        return NO_NUMBERS
    _check(path, 0 < config.numeric_width <= MAX_WIDTH and config.frequency_scale > 0.0, "possible settings")
    arrays = read_arrays(path)
    n_numbers, n_edges = (
        arrays[name].shape[0] if name in arrays and arrays[name].ndim else 0 for name in ("columns", "edges")
    )
    facts: dict[str, Facts] = {
        "columns": (np.int32, (n_numbers,)),
        "sizes": (np.int32, (n_numbers,)),
        "edges": (np.float64, (n_edges,)),
    }
    check_arrays(path, arrays, facts)
    columns, sizes = arrays["columns"].tolist(), arrays["sizes"].tolist()
    _check(path, columns == sorted(set(columns)), "different columns in their order")
    _check(
        path, bool(columns) and 0 <= columns[0] <= columns[-1] < n_metadata, f"columns 0 to {n_metadata - 1}"
    )
    _check(path, min(sizes) > 1 and sum(sizes) == n_edges, f"two of {n_edges} edges or more per column")
    weights = len(columns) * max(sizes) * config.numeric_width
    _check(path, weights <= MAX_EMBEDDED, f"at most {MAX_EMBEDDED} weights")
    ends = np.cumsum(sizes)[:-1]
    edges = [part.tolist() for part in np.split(arrays["edges"], ends)]
    # as float32, in which the bins are computed
    _check(path, all((np.diff(np.float32(each)) > 0).all() for each in edges), "ascending edges")
    return Numbers(tuple(columns), tuple(tuple(each) for each in edges))


def _edges(values: Float32Array, places: FloatArray) -> tuple[float, ...]:
    """Return the quantiles of a column, the least and the greatest value among them, none too near to the next.

    Beyond the last edge an encoding goes on as steeply as in the last bin, so a narrow one would throw new cases far
    out. As float32, in which the bins are computed.
    """
    lowest, highest = float(values.min()), float(values.max())
    steps = np.unique(np.round((np.quantile(values, places) - lowest) / (highest - lowest) / MIN_WIDTH))
    return tuple(np.unique((lowest + steps * MIN_WIDTH * (highest - lowest)).astype(np.float32)).tolist())


def _check(path: Path, holds: bool, wanted: str) -> None:  # noqa: FBT001
    if not holds:
        raise IntegrityError(f"{path}: expected {wanted} of embedded numbers; restore it or export again")
