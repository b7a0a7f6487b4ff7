"""Stage one: images become embeddings, each computed once."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from automl_skin.arrays import Float32Array
from automl_skin.backbones.catalogue import Backbone
from automl_skin.embeddings.cache import EmbeddingCache
from automl_skin.embeddings.key import EmbeddingKey
from automl_skin.images.loading import Progress
from automl_skin.images.recipe import Recipe


@dataclass(frozen=True)
class Extraction:
    """Embeddings (n_images, n_dimensions) in the order asked for; a failed image's row is NaN."""

    key: EmbeddingKey
    embeddings: Float32Array
    failures: dict[str, str]
    computed: int
    seconds: float


@dataclass(frozen=True)
class StageOneOptions:
    """How stage one computes: none of it changes an embedding, except views and precision."""

    views: int = 1
    device: str = "auto"
    precision: str = "auto"
    batch_size: int = 16
    threads: int | None = None
    progress: Progress | None = field(default=None, compare=False)


def extract(
    backbone: Backbone,
    recipe: Recipe,
    images_root: Path,
    images: pd.DataFrame,
    cache: EmbeddingCache,
    options: StageOneOptions | None = None,
) -> Extraction:
    """Return the embeddings of images (columns ``path``, ``content``), computing only what is missing."""
    raise NotImplementedError
