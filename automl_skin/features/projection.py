"""Embeddings standardised column by column, and projected to their principal components if asked for.

Symbols
-------
x : embedding of a case, shape (n_dimensions,)
z : (x - mean) / scale
output : z, or components.T @ z times a power of two that brings the average variance near 1 (0.5 to 2)

Components keep their relative variances (no whitening). Because the factor is a power of two, the first k columns of a
long projection are those of a short one up to that factor: `Projection.narrow` takes them without computing anything
again. Products are computed in float64 and rounded to float32, so that a tree sees the same value of a case alone and
in a batch.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import Float32Array, FloatArray
from automl_skin.errors import InputError, IntegrityError

Arrays = dict[str, npt.NDArray[Any]]
# Above this many columns the eigenvectors of the covariance take longer than a randomised search for a few.
_EIGH_COLUMNS = 1536
_ROWS_AT_ONCE = 1024  # bounds the memory of float64 copies
# Of the largest variance; below it lies the rounding of float32, which differs between machines.
_MIN_VARIANCE = 1e-6


@dataclass(frozen=True)
class Projection:
    """A fitted projection.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_dimensions,), float64
    variances : ndarray of shape (n_components,), float64
        Of the components in training, descending; empty without components.
    components : ndarray of shape (n_dimensions, n_components), float64, or None
        Orthonormal columns, zeros for those without variance; None where only standardised.
    """

    mean: FloatArray
    scale: FloatArray
    variances: FloatArray
    components: FloatArray | None = None

    @property
    def n_columns(self) -> int:
        """Number of columns of the output."""
        return len(self.mean) if self.components is None else len(self.variances)

    @property
    def factor(self) -> float:
        """The power of two that brings the average variance near 1."""
        return _power_of_two(self.variances)

    def transform(self, embeddings: Float32Array) -> Float32Array:
        """Return the columns of new cases, shape (n_cases, n_columns), float32.

        Raises
        ------
        InputError
            If the embeddings have another number of dimensions.
        """
        if embeddings.ndim != 2 or embeddings.shape[1] != len(self.mean):  # rows, columns
            message = (
                f"embeddings: expected {len(self.mean)} dimensions, got shape {embeddings.shape}; "
                "use the backbones that the projection was fitted with"
            )
            raise InputError(message)
        standardised = _standardise(embeddings, self.mean, self.scale)
        if self.components is None:
            return standardised
        product = np.empty((len(standardised), self.n_columns), np.float32)
        for start in range(0, len(standardised), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            product[part] = standardised[part].astype(np.float64) @ self.components
        return product * np.float32(self.factor)

    def first(self, n_components: int) -> "Projection":
        """Return the projection to the first of the components."""
        components = self._checked(n_components)[:, :n_components]
        return replace(self, components=components, variances=self.variances[:n_components])

    def narrow(self, projected: Float32Array, n_components: int) -> Float32Array:
        """Return ``self.first(n_components).transform(x)`` from ``projected = self.transform(x)``."""
        self._checked(n_components)
        ratio = _power_of_two(self.variances[:n_components]) / self.factor
        return np.ascontiguousarray(projected[:, :n_components]) * np.float32(ratio)

    def to_arrays(self) -> Arrays:
        """Return the arrays by name; without components where it only standardises."""
        return {name: array for name, array in vars(self).items() if array is not None}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Projection":
        """Return the projection that `to_arrays` described.

        Raises
        ------
        IntegrityError
            If arrays are missing or unknown.
        """
        try:
            return cls(**arrays)
        except TypeError as error:
            message = f"a projection: expected mean, scale and variances, got {', '.join(arrays)}"
            raise IntegrityError(f"{message}; restore it or export again") from error

    def _checked(self, n_components: int) -> FloatArray:
        if self.components is None or not 1 <= n_components <= len(self.variances):
            message = (
                f"n_components: expected 1 to {len(self.variances)} of the fitted ones, got {n_components}"
            )
            raise InputError(message)
        return self.components


def identity_projection(n_columns: int) -> Projection:
    """Return the projection that leaves columns as they are, for logits that are an answer already."""
    return Projection(np.zeros(n_columns), np.ones(n_columns), np.empty(0))


def fit_projection(embeddings: Float32Array, n_components: int | None, seed: int = 0) -> Projection:
    """Fit on the embeddings of training cases.

    Parameters
    ----------
    embeddings : ndarray of shape (n_cases, n_dimensions), float32
    n_components : int or None
        None only standardises. More than min(n_cases, n_dimensions) means that many.
    seed : int
        Of the randomised search, which is used above 1,536 dimensions.
    """
    mean = embeddings.mean(axis=0, dtype=np.float64)
    deviation = embeddings.std(axis=0, dtype=np.float64)
    # A column that is constant up to rounding says nothing: it becomes 0, not noise blown up.
    scale = np.where(deviation > 1e-6 * np.maximum(np.abs(mean), 1.0), deviation, np.inf)
    if n_components is None:
        return Projection(mean, scale, np.empty(0))
    standardised = _standardise(embeddings, mean, scale)
    n_kept = min(n_components, *standardised.shape)
    components, variances = _principal_components(standardised, n_kept, seed)
    return Projection(mean, scale, variances, components)


def _standardise(embeddings: Float32Array, mean: FloatArray, scale: FloatArray) -> Float32Array:
    standardised = np.empty_like(embeddings, dtype=np.float32)
    for start in range(0, len(embeddings), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        standardised[part] = (embeddings[part] - mean) / scale
    return standardised


def _principal_components(
    standardised: Float32Array, n_components: int, seed: int
) -> tuple[FloatArray, FloatArray]:
    from sklearn.decomposition import PCA

    if not standardised.any():
        return np.eye(standardised.shape[1], n_components), np.zeros(n_components)
    exact = standardised.shape[1] <= _EIGH_COLUMNS or 2 * n_components > min(standardised.shape)
    solver = "covariance_eigh" if exact else "randomized"
    pca = PCA(n_components, svd_solver=solver, random_state=seed).fit(standardised)
    variances = pca.explained_variance_.astype(np.float64)
    # As for a constant column: more components than the rank become 0, not noise that a tree would split on.
    varies = variances > _MIN_VARIANCE * variances[0]
    components = np.where(varies, pca.components_.T.astype(np.float64), 0.0)
    return np.ascontiguousarray(components), np.where(varies, variances, 0.0)


def _power_of_two(variances: FloatArray) -> float:
    average = float(variances.mean()) if len(variances) else 1.0
    return float(2.0 ** -round(np.log2(average) / 2)) if average > 0.0 else 1.0
