"""What a network is tuned on: pixels, labels, and which rows are only watched."""

from dataclasses import dataclass

import numpy as np

from automl_skin.arrays import BoolArray, Float32Array, IntArray, Pixels
from automl_skin.errors import ConfigError


@dataclass(frozen=True, eq=False)
class TuningData:
    """Rows to tune on; nothing of a held-out fold is among them.

    Parameters
    ----------
    pixels : ndarray of shape (n, height, width, 3)
        RGB, uint8, of the pixel recipe's size; may be a memory map. With towers (n, n_roles, height, width, 3).
    labels : ndarray of shape (n,)
        Class of each row, from 0 to `n_classes` - 1.
    inner : ndarray of shape (n,)
        Rows that are watched and not trained on.
    target_of : ndarray of shape (n_classes,)
        The target's class of each label's class; the watched AUC is that of the target.
    metadata : ndarray of shape (n, n_columns), optional
        Encoded, finite; of the mode "joint".
    absent : ndarray of shape (n_columns,), optional
        How a case without any metadata is encoded.
    cut : (int, int), optional
        Height and width of the network's input where it is cut out of the pixels: anywhere in training, in the centre
        when watched. None takes the pixels whole.
    roles : tuple of str
        Kinds of photograph of towers that are tuned together; empty where one network is tuned.
    present : ndarray of shape (n, n_roles), optional
        Which of them a row has: one at least; of towers.

    Raises
    ------
    ConfigError
        If the shapes do not fit each other, a label is out of range, or fewer than two rows are left to
        train on.
    """

    pixels: Pixels
    labels: IntArray
    n_classes: int
    inner: BoolArray
    target_of: IntArray
    metadata: Float32Array | None = None
    absent: Float32Array | None = None
    cut: tuple[int, int] | None = None
    roles: tuple[str, ...] = ()
    present: BoolArray | None = None

    def __post_init__(self) -> None:
        self._check_shapes()
        self._check_present()
        if np.any((self.labels < 0) | (self.labels >= self.n_classes)):
            message = f"expected labels from 0 to {self.n_classes - 1}"
            raise ConfigError(f"{message}, got {self.labels.min()} to {self.labels.max()}")
        if len(self.trained) < 2:
            n = len(self.labels)
            raise ConfigError(f"tuning needs two rows or more to train on, got {len(self.trained)} of {n}")
        if self.metadata is not None:
            self._check_metadata(self.metadata)

    def _check_shapes(self) -> None:
        n, found = len(self.labels), self.pixels.shape
        n_axes = 5 if self.roles else 4
        if len(found) != n_axes or found[0] != n or found[-1] != 3 or self.inner.shape != (n,):
            shapes = f"pixels {found}, labels {self.labels.shape}, inner {self.inner.shape}"
            raise ConfigError(f"expected pixels, labels and inner of the same rows, got {shapes}")
        if self.target_of.shape != (self.n_classes,):
            message = f"target_of: expected the target's class of each of {self.n_classes} classes"
            raise ConfigError(f"{message}, got the shape {self.target_of.shape}")
        if self.cut is not None and (self.cut[0] > found[-3] or self.cut[1] > found[-2]):
            message = f"cannot cut {self.cut[0]} x {self.cut[1]} pixels out of {found[-3]} x {found[-2]}"
            raise ConfigError(f"{message}; choose a smaller size or a larger resize")

    def _check_present(self) -> None:
        shape = (len(self.labels), len(self.roles))
        whole = self.present is not None and self.present.shape == shape == self.pixels.shape[:2]
        if not self.roles and self.present is None:
            return
        if len(self.roles) < 2 or self.present is None or not whole or not self.present.any(axis=1).all():
            found = None if self.present is None else self.present.shape
            message = "towers: expected two roles or more, and which of them each row has, one at least"
            raise ConfigError(
                f"{message}; got {self.roles} and the shape {found} for pixels {self.pixels.shape}"
            )

    def _check_metadata(self, metadata: Float32Array) -> None:
        if metadata.ndim != 2 or len(metadata) != len(self.labels) or not np.isfinite(metadata).all():
            message = f"metadata: expected finite numbers in {len(self.labels)} rows"
            raise ConfigError(f"{message}, got the shape {metadata.shape}; encode them first")
        if self.absent is None or self.absent.shape != metadata.shape[1:]:
            message = f"metadata of {metadata.shape[1]} columns need as many values that mean absence"
            raise ConfigError(f"{message}; give absent as well")

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of the network's input, pixels."""
        height, width = self.pixels.shape[-3:-1]
        return self.cut or (height, width)

    @property
    def trained(self) -> IntArray:
        """Positions of the rows that are trained on."""
        return np.flatnonzero(~self.inner)

    @property
    def watched(self) -> IntArray:
        """Positions of the rows that are only watched."""
        return np.flatnonzero(self.inner)
