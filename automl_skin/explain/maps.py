"""Embeddings in the plane: t-SNE (van der Maaten and Hinton 2008); UMAP (McInnes et al. 2018) where it is installed.

Two fold networks have no column in common (promise 3), so a map is of one network. Distances between far points of a
map mean nothing; who are neighbours does.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from automl_skin.arrays import Float32Array, FloatArray
from automl_skin.errors import ConfigError, InputError

BY = ("tsne", "umap")

COMPONENTS = 50
"""Principal components that are laid out; as van der Maaten and Hinton did."""

PERPLEXITY = 30.0
MIN_CASES = 4


def lay_out(embeddings: Float32Array, seed: int, by: str = "tsne") -> FloatArray:
    """Return a place in the plane for every embedding, shape (n_cases, 2).

    Parameters
    ----------
    embeddings : ndarray of shape (n_cases, n_dimensions)

    Raises
    ------
    InputError
        If there are fewer than four cases, or values that are not finite.
    ConfigError
        If there is no such way, or UMAP is asked for and not installed.
    """
    if by not in BY:
        raise ConfigError(f"--by: expected one of {', '.join(BY)}, got {by!r}")
    if len(embeddings) < MIN_CASES or not np.isfinite(embeddings).all():
        message = (
            f"a map: expected at least {MIN_CASES} cases with finite embeddings, got shape {embeddings.shape}"
        )
        raise InputError(f"{message}; take more cases, or others")
    places = _components(embeddings, seed)
    return _umap(places, seed) if by == "umap" else _tsne(places, seed)


def _components(embeddings: Float32Array, seed: int) -> FloatArray:
    from sklearn.decomposition import PCA

    spread = embeddings.std(axis=0, dtype=np.float64)
    standardised = (embeddings - embeddings.mean(axis=0, dtype=np.float64)) / np.where(
        spread > 0, spread, 1.0
    )
    n_components = min(COMPONENTS, *embeddings.shape)
    pca = PCA(
        n_components,
        svd_solver="randomized" if min(embeddings.shape) > COMPONENTS else "full",
        random_state=seed,
    )
    return np.asarray(pca.fit_transform(standardised), dtype=np.float64)


def _tsne(places: FloatArray, seed: int) -> FloatArray:
    from sklearn.manifold import TSNE

    perplexity = min(PERPLEXITY, (len(places) - 1) / 3)
    plane = TSNE(2, perplexity=perplexity, init="pca", learning_rate="auto", random_state=seed)
    return np.asarray(plane.fit_transform(places), dtype=np.float64)


def _umap(places: FloatArray, seed: int) -> FloatArray:
    if find_spec("umap") is None:
        message = "maps by UMAP need the package umap-learn, which is not installed"
        raise ConfigError(f"{message}: install it, or leave --by out for t-SNE")
    umap: Any = import_module("umap")
    return np.asarray(umap.UMAP(random_state=seed).fit_transform(places), dtype=np.float64)
