"""Arrays on disk as safetensors: nothing in them is ever executed."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from automl_skin.errors import IntegrityError
from automl_skin.files import atomic_write

Arrays = Mapping[str, npt.NDArray[Any]]
Facts = tuple[type, tuple[int, ...]]


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write named arrays into one file, whole or not at all."""
    content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read what `write_arrays` wrote.

    Raises
    ------
    IntegrityError
        If the file is damaged.
    """
    try:
        return dict(load(path.read_bytes()))
    except (
        SafetensorError,
        FileNotFoundError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:  # types NumPy has not
        message = f"{path}: expected a whole safetensors file ({error}); restore it or export again"
        raise IntegrityError(message) from error


def check_arrays(
    path: Path, arrays: Arrays, expected: Mapping[str, Facts], infinite: Collection[str] = ()
) -> None:
    """Check the names, types and shapes of arrays that were read from `path`, and that they hold no NaN.

    Parameters
    ----------
    path : Path
    arrays : mapping of str to ndarray
    expected : mapping of str to (type, shape)
    infinite : collection of str
        Names of those that may hold infinite numbers.

    Raises
    ------
    IntegrityError
        The message names the first array that is not as expected.
    """
    for name in sorted({*arrays, *expected}):
        found = (arrays[name].dtype.name, arrays[name].shape) if name in arrays else "nothing"
        wanted = (np.dtype(expected[name][0]).name, expected[name][1]) if name in expected else "nothing"
        if found != wanted:
            message = f"{path}: expected {wanted} as {name!r}, got {found}; restore it or export again"
            raise IntegrityError(message)
        array = arrays[name]
        bad = np.isnan(array).any() if name in infinite else not np.isfinite(array).all()
        if bad:
            message = f"{path}: expected finite numbers as {name!r}, got others; restore it or export again"
            raise IntegrityError(message)
