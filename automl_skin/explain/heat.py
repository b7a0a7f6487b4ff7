"""Grad-CAM (Selvaraju et al. 2017) and CAM (Zhou et al. 2016): which places of a photograph speak for a class.

Symbols
-------
A : maps before pooling, shape (channels, height, width)
y : score of the class; what a head makes of the embedding, in log-odds
alpha : weights of the channels
heat : relu(sum over channels of alpha A), shape (height, width)

Grad-CAM's alpha is the mean of dy/dA over the places (equation 1); CAM's is dy/d(embedding) over the number of
places, and needs a network that ends in a plain average over them. There the two are the same.

Into some networks metadata enter before the pooling. There alpha is taken with the case's own metadata, and A are the
maps that are pooled with them (`automl_skin.explain.feature_maps`); so the heat is of this photograph of this case.

A chain standardises embeddings before its head. Behind a plain average that is the same as standardising the maps, so
these are the last maps that its score depends on, and A is what they hold above the average photograph in training.
Otherwise what all photographs share would drown what is in one of them.

Two deviations from the papers. y is the log-odds of a class against all others and not its logit, which a softmax
leaves undetermined up to what all classes have in common. And the gradient comes in two steps, head and network,
so that heads that are no torch modules can be explained (`automl_skin.explain.chain_score`).

Captum (BSD-3) and grad-cam (MIT) were looked at. Both ask for one torch module from pixels to score, with the map as
the output of one of its modules; a network of timm with a chain behind it that also sees metadata is no such module.
What they would save are the three lines of `_heat_of`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from automl_skin.arrays import Float32Array, FloatArray, Pixels
from automl_skin.backbones.network import Normalisation, embedding_of
from automl_skin.backbones.spatial.catalogue import is_spatial
from automl_skin.backbones.views import each_view, undo_view
from automl_skin.errors import ConfigError
from automl_skin.explain.feature_maps import FeatureMaps, feature_maps
from automl_skin.images.recipe import Recipe

METHODS = ("grad-cam", "cam")
_AT_ONCE = 16


@dataclass(frozen=True)
class Looking:
    """A network and how it looks at photographs.

    Parameters
    ----------
    network : Module
        From `load_network`, on any device.
    views : {1, 4, 8}
        Flips over which embeddings, and here the heat as well, are averaged.
    """

    network: nn.Module
    recipe: Recipe
    views: int = 1
    method: str = "grad-cam"

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ConfigError(f"--method: expected one of {', '.join(METHODS)}, got {self.method!r}")

    @property
    def device(self) -> torch.device:
        """Where the network lies."""
        return next(self.network.parameters()).device

    def heat(
        self,
        pixels: Pixels,
        directions: FloatArray,
        average: Float32Array | None = None,
        metadata: Float32Array | None = None,
    ) -> Float32Array:
        """Return the heat of photographs.

        Parameters
        ----------
        pixels : ndarray of shape (n, height, width, 3)
            RGB, uint8, of the recipe's size.
        directions : ndarray of shape (n, n_dimensions)
            dy/d(embedding) of each, taken at its `embeddings`.
        average : ndarray of shape (n_dimensions,), optional
            What a chain takes from every embedding before its head; see the module's docstring.
        metadata : ndarray of shape (n, n_metadata), optional
            Encoded, for a network that metadata enter.

        Returns
        -------
        ndarray of shape (n, map height, map width), float32
            In log-odds per place: at least 0, and all of it together is what speaks for the class.

        Raises
        ------
        ConfigError
            If the network has no maps, CAM is asked of one without a plain average pool, or the metadata that it
            needs are not there.
        """
        parts = [
            self._heat(pixels[rows], directions[rows], average, known)
            for rows, known in self._pieces(len(pixels), metadata)
        ]
        return np.concatenate(parts)

    def embeddings(self, pixels: Pixels, metadata: Float32Array | None = None) -> Float32Array:
        """Return embeddings in float32, averaged over the views."""
        parts = []
        with torch.inference_mode():
            for rows, known in self._pieces(len(pixels), metadata):
                each = [embedding_of(self.network, view, known) for view in self._views(pixels[rows])]
                parts.append(torch.stack(each).mean(dim=0))
        values: Float32Array = torch.cat(parts).cpu().numpy()
        return values

    def _pieces(self, n: int, metadata: Float32Array | None) -> Iterator[tuple[slice, Tensor | None]]:
        """Give the rows that are looked at together, with their metadata."""
        if is_spatial(self.network) != (metadata is not None):
            wanted, found = ("encoded metadata", "none") if metadata is None else ("no metadata", "some")
            message = f"{type(self.network).__name__}: expected {wanted}, got {found}"
            raise ConfigError(f"{message}; `entering_rows` gives each network what enters it")
        for start in range(0, n, _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            yield rows, None if metadata is None else self._tensor(metadata[rows])

    def _tensor(self, values: FloatArray | Float32Array) -> Tensor:
        return torch.from_numpy(values.astype(np.float32)).to(self.device)

    def _views(self, pixels: Pixels) -> list[Tensor]:
        normalise = Normalisation(self.recipe.mean, self.recipe.std, self.device)
        views = each_view(normalise(pixels), self.views)
        return [view.contiguous(memory_format=torch.channels_last) for view in views]

    def _heat(
        self, pixels: Pixels, directions: FloatArray, average: Float32Array | None, metadata: Tensor | None
    ) -> Float32Array:
        along = self._tensor(directions)
        shift = None if average is None else self._tensor(average)
        total = torch.zeros((), device=self.device)
        for position, view in enumerate(self._views(pixels)):
            maps = feature_maps(self.network, view, metadata)
            total = total + undo_view(self._heat_of(maps, along, shift), position)
        heat: Float32Array = (total / self.views).cpu().numpy()
        return heat

    def _heat_of(self, maps: FeatureMaps, direction: Tensor, shift: Tensor | None) -> Tensor:
        features, gradient = maps.gradient(direction)
        weights = gradient.mean(dim=(2, 3), keepdim=True)
        if self.method == "cam":
            _require_plain_average(features, maps.embedding)
            weights = (direction / features[0, 0].numel())[:, :, None, None]
        if shift is not None and _is_plain_average(features, maps.embedding):
            features = features - shift[:, None, None]
        return (weights * features).sum(dim=1).relu()


def _is_plain_average(features: Tensor, embedding: Tensor) -> bool:
    pooled = features.mean(dim=(2, 3))
    return pooled.shape == embedding.shape and torch.allclose(pooled, embedding, rtol=1e-3, atol=1e-4)


def _require_plain_average(features: Tensor, embedding: Tensor) -> None:
    if not _is_plain_average(features, embedding):
        message = "CAM: expected a network whose embedding is the plain average of its maps, got another"
        raise ConfigError(f"{message}; use grad-cam")
