"""The fusion that was trained with a network, as arrays: from embeddings and metadata to fused values."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from automl_skin.arrays import Float32Array, FloatArray
from automl_skin.backbones.tuning.fusions import PooledFusion
from automl_skin.errors import ConfigError, IntegrityError
from automl_skin.heads.neural.engine import Engine
from automl_skin.heads.neural.state import THREADS, array_facts, load_module, torch_threads
from automl_skin.heads.stored import Arrays

ABOUT = "fusion"
PREFIX = "fusion."


@dataclass(frozen=True, eq=False)
class TunedFusion:
    """A trained fusion.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        The state of an `Engine` with the fusion's layers.

    Raises
    ------
    IntegrityError
        If the arrays are not those of the fusion's layers.
    """

    fusion: PooledFusion
    arrays: Mapping[str, Float32Array]

    def __post_init__(self) -> None:
        found = {name: array.shape for name, array in self.arrays.items()}
        expected = {name: shape for name, (_, shape) in array_facts(self._build).items()}
        if found != expected:
            message = f"the arrays of a tuned {self.fusion.name}: expected {expected}, got {found}"
            raise IntegrityError(f"{message}; tune the network again")

    def fuse(self, embedding: Float32Array, metadata: Float32Array) -> FloatArray:
        """Return fused values of shape (n_rows, fusion.n_out)."""
        engine = load_module(self._build, self.arrays)
        image, told = (torch.from_numpy(values.astype(np.float64)) for values in (embedding, metadata))
        with torch_threads(THREADS), torch.inference_mode():
            fused: FloatArray = self.fusion.fuse(engine, image, told).numpy()
        return fused

    def _build(self) -> Engine:
        return Engine(self.fusion.layers)

    def to_arrays(self) -> dict[str, Any]:
        """Return the arrays by name; what the fusion is stands among them as JSON in bytes."""
        about = np.frombuffer(json.dumps(asdict(self.fusion), sort_keys=True).encode(), np.uint8)
        return {ABOUT: about, **{f"{PREFIX}{name}": array for name, array in self.arrays.items()}}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "TunedFusion | None":
        """Return the fusion that `to_arrays` described; None where there is none.

        Raises
        ------
        IntegrityError
            If the fusion is unknown here, or its arrays are not whole.
        """
        if ABOUT not in arrays:
            return None
        own = {
            name.removeprefix(PREFIX): np.asarray(array, np.float32)
            for name, array in arrays.items()
            if name.startswith(PREFIX)
        }
        try:
            return cls(PooledFusion(**json.loads(np.asarray(arrays[ABOUT], np.uint8).tobytes())), own)
        except (ValueError, TypeError, ConfigError) as error:
            message = f"a tuned head: expected the name and settings of its fusion ({error})"
            raise IntegrityError(f"{message}; tune the network again") from error
