"""The head that was tuned with a network, or with towers, as arrays: from embeddings, maybe metadata, to logits."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from automl_skin.arrays import Float32Array, FloatArray
from automl_skin.backbones.tuning.joint_towers import JointTowers
from automl_skin.backbones.tuning.tuned_fusion import TunedFusion
from automl_skin.errors import ConfigError, IntegrityError
from automl_skin.files import atomic_write
from automl_skin.heads.stored import Arrays

HEAD = "head.safetensors"
_OWN = ("weight", "bias", "metadata_weight", "metadata_bias")


@dataclass(frozen=True, eq=False)
class TunedHead:
    """A linear layer on the embedding, on the embedding and a hidden layer that sees the metadata, or on a fusion.

    Parameters
    ----------
    weight : ndarray of shape (n_classes, n_dimensions [+ metadata_width]) or (n_classes, fusion.n_out)
    bias : ndarray of shape (n_classes,)
    metadata_weight : ndarray of shape (metadata_width, n_metadata), or None
    metadata_bias : ndarray of shape (metadata_width,), or None
        Of the hidden layer ``relu(metadata @ metadata_weight.T + metadata_bias)``, whose units come after
        the embedding.
    fusion : TunedFusion, optional
        By which embedding and metadata meet, or the embedding network; then there is no hidden layer.
    towers : JointTowers, optional
        Whose embeddings side by side are the embedding, where networks were tuned together.

    Raises
    ------
    IntegrityError
        If the shapes do not fit each other.

    Examples
    --------
    >>> head = TunedHead(np.ones((2, 3), np.float32), np.zeros(2, np.float32))
    >>> head.logits(np.ones((1, 3), np.float32))
    array([[3., 3.]])
    """

    weight: Float32Array
    bias: Float32Array
    metadata_weight: Float32Array | None = None
    metadata_bias: Float32Array | None = None
    fusion: TunedFusion | None = None
    towers: JointTowers | None = None

    def __post_init__(self) -> None:
        shapes = {name: array.shape for name, array in self.to_arrays().items()}
        if not self._fits():
            message = f"a tuned head: expected arrays that fit each other, got the shapes {shapes}"
            raise IntegrityError(f"{message}; tune the network again")

    def _fits(self) -> bool:
        if self.weight.ndim != 2 or self.bias.shape != self.weight.shape[:1]:
            return False
        if self.towers is not None and (self.fusion is None or self.towers.n_columns != self.n_dimensions):
            return False
        if self.fusion is not None:
            return self.metadata_weight is None and self.fusion.fusion.n_out == self.weight.shape[1]
        if self.metadata_weight is None or self.metadata_bias is None:
            return self.metadata_weight is None and self.metadata_bias is None
        return (
            self.metadata_weight.ndim == 2
            and self.metadata_bias.shape == self.metadata_weight.shape[:1]
            and self.metadata_weight.shape[0] < self.weight.shape[1]
        )

    @property
    def n_classes(self) -> int:
        """How many logits a row has."""
        return int(self.weight.shape[0])

    @property
    def n_dimensions(self) -> int:
        """Length of the embedding that the head sees."""
        if self.fusion is not None:
            return self.fusion.fusion.n_image
        hidden = 0 if self.metadata_weight is None else self.metadata_weight.shape[0]
        return int(self.weight.shape[1] - hidden)

    @property
    def n_metadata(self) -> int:
        """Columns of metadata that the head sees; 0 for a head of images alone."""
        if self.fusion is not None:
            return self.fusion.fusion.n_metadata
        return 0 if self.metadata_weight is None else int(self.metadata_weight.shape[1])

    def logits(self, embedding: Float32Array, metadata: Float32Array | None = None) -> FloatArray:
        """Return logits of shape (n_rows, n_classes).

        Parameters
        ----------
        embedding : ndarray of shape (n_rows, n_dimensions)
        metadata : ndarray of shape (n_rows, n_metadata), optional
            Needed by a head that sees metadata, ignored by others.

        Raises
        ------
        ConfigError
            If metadata are missing, or the columns are not as many as the head has learnt.
        """
        self._check("embedding", embedding, self.n_dimensions)
        metadata = self._known(metadata) if self.n_metadata else None
        if self.fusion is not None:
            told = np.empty((len(embedding), 0), np.float32) if metadata is None else metadata
            return self._scores(self.fusion.fuse(embedding, told), self.weight)
        scores = self._scores(embedding, self.weight[:, : self.n_dimensions])
        if self.metadata_weight is None or self.metadata_bias is None or metadata is None:
            return scores
        hidden = metadata.astype(np.float64) @ self.metadata_weight.T + self.metadata_bias
        return scores + np.maximum(hidden, 0.0) @ self.weight[:, self.n_dimensions :].T

    def _scores(self, values: Float32Array | FloatArray, weight: Float32Array) -> FloatArray:
        scores: FloatArray = values.astype(np.float64) @ weight.T + self.bias
        return scores

    def _known(self, metadata: Float32Array | None) -> Float32Array:
        if metadata is None:
            raise ConfigError("a head that was tuned jointly needs metadata, got none; pass them as well")
        self._check("metadata", metadata, self.n_metadata)
        return metadata

    @staticmethod
    def _check(name: str, rows: Float32Array, n_columns: int) -> None:
        if rows.ndim != 2 or rows.shape[1] != n_columns:
            message = f"the {name} of this head: expected {n_columns} columns, got the shape {rows.shape}"
            raise ConfigError(f"{message}; pass that of the network it was tuned with")

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays by their names; those that are None are left out."""
        arrays = {name: getattr(self, name) for name in _OWN}
        fused = {} if self.fusion is None else self.fusion.to_arrays()
        towers = {} if self.towers is None else self.towers.to_arrays()
        return {name: array for name, array in arrays.items() if array is not None} | fused | towers

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "TunedHead":
        """Return the head that `to_arrays` described.

        Raises
        ------
        IntegrityError
            If arrays are missing, unknown, or do not fit each other.
        """
        fusion = TunedFusion.from_arrays(arrays)
        own = {
            name: np.asarray(array, dtype=np.float32)
            for name, array in arrays.items()
            if fusion is None or name in _OWN
        }
        try:
            return cls(**own, fusion=fusion, towers=JointTowers.from_arrays(arrays))
        except TypeError as error:
            message = f"a tuned head: expected weight and bias, got {', '.join(arrays) or 'nothing'}"
            raise IntegrityError(f"{message}; tune the network again") from error

    def save(self, folder: Path) -> None:
        """Write ``head.safetensors`` into a folder.

        Raises
        ------
        StorageError
            If the folder cannot be written or the disk is full.
        """
        arrays = {name: np.ascontiguousarray(array) for name, array in self.to_arrays().items()}
        with atomic_write(folder / HEAD) as temporary:
            save_file(arrays, temporary)

    @classmethod
    def load(cls, folder: Path) -> "TunedHead":
        """Return the head that `save` wrote.

        Raises
        ------
        IntegrityError
            If the file is missing or damaged.
        """
        try:
            return cls.from_arrays(load_file(folder / HEAD))
        except (OSError, SafetensorError) as error:
            message = f"{folder / HEAD}: expected a tuned head ({error})"
            raise IntegrityError(f"{message}; tune the network again") from error
