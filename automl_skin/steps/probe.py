"""How fast a frozen network and the loading of photographs are here, measured on a few."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from automl_skin.arrays import Pixels
from automl_skin.backbones.device import resolve_device, resolve_precision
from automl_skin.backbones.network import begin_passes, embed, load_network, network_digest
from automl_skin.embeddings.cache import EmbeddingCache
from automl_skin.embeddings.key import EmbeddingKey
from automl_skin.images.loading import Change, load_batches
from automl_skin.images.shifts import SHIFTS, shift
from automl_skin.networks import NetworkId
from automl_skin.steps.networks import ResolvedNetwork
from automl_skin.steps.prepare import Prepared
from automl_skin.steps.understand import Understanding
from automl_skin.study.study import Study

PROBES = 3
MIN_IMAGES = 16
N_LOADED = 16
"""Photographs whose loading is measured, under no shift and under every one."""


@dataclass(frozen=True)
class Photographs:
    """The photographs of a study that can be read.

    Parameters
    ----------
    root : Path
        The folder that their paths begin at.
    table : DataFrame
        Columns ``path`` and ``content``.
    """

    root: Path
    table: pd.DataFrame

    @classmethod
    def of_understanding(cls, understanding: Understanding) -> "Photographs":
        """Return those of a study that has not begun."""
        table = understanding.inspection.table
        return cls(understanding.manifest.images_root, table[table["error"] == ""])

    @classmethod
    def of_study(cls, prepared: Prepared) -> "Photographs":
        """Return those of a study that has."""
        return cls(prepared.manifest.images_root, prepared.contents)


@dataclass(frozen=True)
class Loading:
    """Seconds per photograph of reading and preparing it, by all processors.

    Parameters
    ----------
    plain, shifted : float
        As it is, and under a shift on average.
    """

    plain: float = 0.0
    shifted: float = 0.0


@dataclass(frozen=True)
class Probe:
    """How fast one frozen network is here.

    Parameters
    ----------
    network : NetworkId
    n_dimensions : int
    images_per_second : float
    missing : int
        Images that the cache does not have.
    loading : Loading
        Of the same photographs.
    """

    network: NetworkId
    n_dimensions: int
    images_per_second: float
    missing: int
    loading: Loading = Loading()

    @property
    def seconds(self) -> float:
        """Time of stage one for the missing images."""
        return self.missing * (1.0 / self.images_per_second + self.loading.plain)

    def shifted_seconds(self, n_images: int) -> float:
        """Return the time for some images under every shift."""
        return n_images * len(SHIFTS) * (1.0 / self.images_per_second + self.loading.shifted)


def probe(study: Study, each: ResolvedNetwork, photographs: Photographs) -> Probe:
    """Measure a network on a few made-up images."""
    config = study.config
    device = resolve_device(config.device)
    network = load_network(each.backbone).to(device)
    recipe, passes = each.recipe, begin_passes(device, config.batch_size)
    n_images = max(MIN_IMAGES, passes.size)
    images: Pixels = np.zeros((n_images, recipe.height, recipe.width, 3), np.uint8)
    n_dimensions, seconds = 0, float("inf")
    for _ in range(PROBES):
        start = time.perf_counter()
        embeddings = embed(
            network,
            images,
            mean=recipe.mean,
            std=recipe.std,
            views=config.views,
            device=device,
            precision=resolve_precision(device),
            passes=passes,
        )
        seconds = min(seconds, time.perf_counter() - start)
        n_dimensions = embeddings.shape[1]
    contents = list(photographs.table["content"])
    cache = EmbeddingCache(study.workspace.cache / "embeddings")
    key = EmbeddingKey(
        network_digest(each.backbone, network), recipe.digest, config.views, resolve_precision(device)
    )
    _, found = cache.read(key, contents)
    missing = int((~found).sum())
    loading = measure_loading(study, each, photographs)
    return Probe(each.id, n_dimensions, n_images / seconds, missing, loading)


def measure_loading(study: Study, each: ResolvedNetwork, photographs: Photographs) -> Loading:
    """Measure how long photographs take to be read and prepared, under no shift and under every one."""
    whole = photographs.table.iloc[:N_LOADED]
    paths, contents = list(whole["path"]), list(whole["content"])
    if not paths:
        return Loading()

    def measure(change: Change | None = None) -> float:
        start = time.perf_counter()
        for _ in load_batches(photographs.root, paths, each.recipe, len(paths), change=change):
            pass
        return (time.perf_counter() - start) / len(paths)

    def shifted_by(name: str) -> Change:
        return lambda position, pixels: shift(name, pixels, 0, contents[position])

    measure()  # the first reading is of a cold disk
    plain = measure()
    if not study.config.shift_cases:
        return Loading(plain)
    return Loading(plain, sum(measure(shifted_by(name)) for name in SHIFTS) / len(SHIFTS))
