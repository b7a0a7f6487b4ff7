"""Arrays on disk as safetensors: nothing in them is ever executed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from automl_skin.errors import IntegrityError
from automl_skin.files import atomic_write

Arrays = Mapping[str, npt.NDArray[Any]]


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
    except SafetensorError as error:
        message = f"{path} must be a safetensors file and is not ({error}); restore it or export again"
        raise IntegrityError(message) from error
