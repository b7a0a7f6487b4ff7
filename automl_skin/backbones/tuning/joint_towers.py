"""What stands in the place of towers that were tuned together, as arrays: from embeddings of each kind to one row."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl_skin.arrays import BoolArray, Float32Array
from automl_skin.errors import IntegrityError
from automl_skin.heads.stored import Arrays

ROLES, ABSENT = "roles", "absent"


@dataclass(frozen=True, eq=False)
class JointTowers:
    """The order of towers in a head that sees all of them, and what stands in for an absent photograph.

    Parameters
    ----------
    roles : tuple of str
        The kinds of photograph, in the order of their columns.
    absent : ndarray of shape (n_roles, n_dimensions)
        Learnt with the towers.

    Raises
    ------
    IntegrityError
        If there are not two roles or more, all different, with a row each.
    """

    roles: tuple[str, ...]
    absent: Float32Array

    def __post_init__(self) -> None:
        n_roles = len(set(self.roles))
        if not 2 <= n_roles == len(self.roles) or self.absent.ndim != 2 or len(self.absent) != n_roles:
            message = "towers of a tuned head: expected two roles or more with a row each"
            raise IntegrityError(
                f"{message}, got {self.roles!r:.200} and the shape {self.absent.shape}; tune the network again"
            )

    @property
    def n_columns(self) -> int:
        """Columns of all towers side by side."""
        return int(self.absent.size)

    def side_by_side(self, shown: Mapping[str, tuple[Float32Array, BoolArray]], n_rows: int) -> Float32Array:
        """Return one row per case, shape (n_rows, n_columns).

        Parameters
        ----------
        shown : mapping of str to (ndarray of shape (n_rows, n_dimensions), ndarray of shape (n_rows,))
            By role the embeddings of its tower, and which cases have such a photograph; a role that is left out is
            absent in all of them.
        """
        parts = []
        for role, absent in zip(self.roles, self.absent, strict=True):
            stands_in = np.broadcast_to(absent, (n_rows, len(absent)))
            if role in shown:
                embedding, has = shown[role]
                stands_in = np.where(has[:, None], embedding, stands_in)
            parts.append(stands_in)
        return np.concatenate(parts, axis=1).astype(np.float32)

    def to_arrays(self) -> dict[str, Any]:
        """Return the arrays by name; the roles stand among them as JSON in bytes."""
        return {ROLES: np.frombuffer(json.dumps(self.roles).encode(), np.uint8), ABSENT: self.absent}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "JointTowers | None":
        """Return the towers that `to_arrays` described; None where there are none.

        Raises
        ------
        IntegrityError
            If the arrays are not whole.
        """
        if ROLES not in arrays and ABSENT not in arrays:
            return None
        try:
            roles = json.loads(np.asarray(arrays[ROLES], np.uint8).tobytes())
            whole = isinstance(roles, list) and all(isinstance(role, str) for role in roles)
            return cls(tuple(roles) if whole else (), np.asarray(arrays[ABSENT], np.float32))
        except (KeyError, ValueError, TypeError) as error:
            message = f"a tuned head: expected the roles of its towers and a row for each ({error})"
            raise IntegrityError(f"{message}; tune the network again") from error
