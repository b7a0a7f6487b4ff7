"""The one driver of stage one: photographs of a study go through its networks, and what comes out is in the cache."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from automl_skin.arrays import BoolArray, Float32Array
from automl_skin.embeddings.cache import EmbeddingCache
from automl_skin.embeddings.extract import Extraction, StageOneOptions, extract
from automl_skin.embeddings.given import read_given
from automl_skin.embeddings.key import EmbeddingKey
from automl_skin.features.entering import entering_rows
from automl_skin.features.lesion import pool_images, roles_of
from automl_skin.images.inspect import NO_VECTOR
from automl_skin.images.loading import Progress
from automl_skin.images.pixels import PixelCache
from automl_skin.networks import GIVEN
from automl_skin.steps.events import Listener, start_progress
from automl_skin.steps.networks import GivenNetwork, ResolvedNetwork, given_id
from automl_skin.steps.prepare import Prepared
from automl_skin.study.precision import precision_of


@dataclass(frozen=True)
class StageOne:
    """What stage one did, over all networks.

    Parameters
    ----------
    computed : int
        Embeddings computed now.
    seconds : float
    failures : dict of str to str
        Path -> why there is no embedding.
    """

    computed: int
    seconds: float
    failures: dict[str, str]


@dataclass(frozen=True)
class Embedded:
    """Photographs that went through one network.

    Parameters
    ----------
    images : DataFrame of n_images rows
        ``case``, ``role``, ``path`` ... in the order of the embeddings.
    extraction : Extraction
    roles : tuple of str
        The kinds of photograph whose embeddings stand side by side in a case's row.
    """

    images: pd.DataFrame
    extraction: Extraction
    roles: tuple[str, ...]

    def readable(self, failures: Iterable[str] | None = None) -> BoolArray:
        """Return which photographs are not among some paths, shape (n_images,); its own failures by default."""
        failures = self.extraction.failures if failures is None else failures
        readable: BoolArray = ~self.images["path"].isin(list(failures)).to_numpy()
        return readable

    def pool(self, cases: "pd.Index[str]", failures: Iterable[str] | None = None) -> Float32Array:
        """Return one row per case as `pool_images` does, without the photographs that failed (see `readable`)."""
        used = self.readable(failures)
        return pool_images(self.extraction.embeddings[used], self.images[used], cases, self.roles)


class Embedder:
    """Embeds photographs of a study, network after network, and counts what it does.

    Parameters
    ----------
    metadata : DataFrame, optional
        Of the cases, for networks that metadata enter; the manifest's by default.
    """

    def __init__(self, prepared: Prepared, tell: Listener, metadata: pd.DataFrame | None = None) -> None:
        self.prepared, self.tell = prepared, tell
        self.metadata = prepared.manifest.metadata if metadata is None else metadata
        self.done = StageOne(0, 0.0, {})

    def applied_cases(self, network: ResolvedNetwork) -> "pd.Index[str]":
        """Return the cases that a network is applied to.

        A network that held out several folds is applied to their cases and to the locked ones: nothing else may use it.
        """
        plan, held_out = self.prepared.plan, network.id.held_out
        if len(held_out) < 2:
            return plan.table.index
        return plan.table.index[plan.table["fold"].isin(held_out)].union(plan.locked)

    def embed(
        self,
        network: ResolvedNetwork,
        cases: Iterable[str] | None = None,
        shift: str = "",
        progress: Progress | None = None,
    ) -> Embedded:
        """Return the embeddings of a network, computing only those that the cache does not have.

        Parameters
        ----------
        network : ResolvedNetwork
            A tower embeds photographs of its own kind only.
        cases : iterable of str, optional
            Those that the network is applied to by default.
        shift : str
            A name of `images.shifts.SHIFTS`; empty for the photographs as they are.
        progress : callable, optional
            A progress of its own by default.
        """
        study, images = self.prepared.study, self.prepared.images
        wanted = images["case"].isin(self.applied_cases(network) if cases is None else cases)
        images = images[wanted & images["role"].eq(network.id.role)] if network.id.role else images[wanted]
        options = StageOneOptions(
            views=study.config.views,
            device=study.config.device,
            precision=precision_of(study),
            batch_size=study.config.batch_size or None,
            progress=progress or start_progress(self.tell, f"Embedding by {network.id.description}"),
            tuned_on=network.tuned_on,
            shift=shift,
            pixels=PixelCache(study.workspace.cache / "pixels"),
        )
        extraction = extract(
            network.backbone,
            network.recipe,
            self.prepared.manifest.images_root,
            images,
            EmbeddingCache(study.workspace.cache / "embeddings"),
            options=options,
            metadata=entering_rows(network.backbone, self.metadata, images["case"]),
        )
        self._count(extraction)
        roles = (network.id.role,) if network.id.role else roles_of(self.prepared.manifest.images)
        return Embedded(images, extraction, roles)

    def embed_given(self, name: str, path: Path) -> tuple[Embedded, GivenNetwork]:
        """Return vectors that were made elsewhere as the embeddings of a network, and the network."""
        images = self.prepared.images
        vectors = read_given(name, path)
        by, places = vectors.match(images)
        values = np.where(places[:, None] >= 0, vectors.vectors[places], np.float32(np.nan))
        missing = images.loc[places < 0, "path"]
        failures = {str(each): f"{NO_VECTOR} in {path}" for each in missing}
        key = EmbeddingKey(vectors.digest, GIVEN, 1, "float32")
        extraction = Extraction(key, values, failures, 0, 0.0)
        self._count(extraction)
        network = GivenNetwork(given_id(name), vectors.digest, vectors.n_dimensions, vectors.licence, by)
        return Embedded(images, extraction, roles_of(self.prepared.manifest.images)), network

    def _count(self, extraction: Extraction) -> None:
        self.done = StageOne(
            self.done.computed + extraction.computed,
            self.done.seconds + extraction.seconds,
            {**self.done.failures, **extraction.failures},
        )
