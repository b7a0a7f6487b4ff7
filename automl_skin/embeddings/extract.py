"""Stage one: images become embeddings, each computed once."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from automl_skin.arrays import BoolArray, Float32Array
from automl_skin.backbones.catalogue import Backbone
from automl_skin.backbones.device import Precision, resolve_device, resolve_precision
from automl_skin.backbones.network import begin_passes, load_network, network_digest
from automl_skin.backbones.views import check_views
from automl_skin.embeddings.cache import EmbeddingCache
from automl_skin.embeddings.forward import ForwardPass
from automl_skin.embeddings.key import EmbeddingKey, TunedOn
from automl_skin.embeddings.shard import MAX_ROWS, Shard, join
from automl_skin.embeddings.source import ImageSource, NamedImages, named_images
from automl_skin.images.loading import Batch, Progress
from automl_skin.images.pixels import PixelCache
from automl_skin.images.recipe import Recipe
from automl_skin.images.shifts import shift_key
from automl_skin.records import to_plain

_BATCH = {"cpu": 16, "cuda": 128, "mps": 32}
"""Images that are read and decoded together, made of whole passes."""


@dataclass(frozen=True)
class Extraction:
    """What stage one gives.

    Parameters
    ----------
    key : EmbeddingKey
        What the embeddings depend on.
    embeddings : ndarray of shape (n_images, n_dimensions)
        float32, in the order asked for; the row of a failed image is NaN. `n_dimensions` holds without any image.
    failures : dict of str to str
        Path -> why there is no embedding.
    computed : int
        Images that went through the network now; the others came from the cache.
    seconds : float
        Wall time.
    """

    key: EmbeddingKey
    embeddings: Float32Array
    failures: dict[str, str]
    computed: int
    seconds: float


@dataclass(frozen=True)
class StageOneOptions:
    """How stage one computes; only `views`, `precision`, `tuned_on` and the shift change what it gives.

    Parameters
    ----------
    views : {1, 4, 8}
        Flips and transposes, averaged.
    device : str
        ``auto``, ``cpu``, ``cuda`` ...
    precision : {"float32", "bfloat16", "float16"}, optional
        What the device has, by default.
    batch_size : int, optional
        Images per forward pass; by default what suits the device (`begin_passes`).
    threads : int, optional
        For computing and for decoding, each; ``torch.get_num_threads()`` by default.
    progress : callable, optional
        Called with (done, total), images of different content.
    tuned_on : TunedOn, optional
        Which rows tuned the weights; None for frozen ones.
    shift : str
        A name of `images.shifts.SHIFTS`: what is done to each photograph before the recipe; empty for nothing.
    shift_seed : int
        Of what the shift draws for each photograph, besides its content.
    pixels : PixelCache, optional
        Read where it has the pixels; never written.
    """

    views: int = 1
    device: str = "auto"
    precision: Precision | None = None
    batch_size: int | None = None
    threads: int | None = None
    progress: Progress | None = field(default=None, compare=False)
    tuned_on: TunedOn | None = None
    shift: str = ""
    shift_seed: int = 0
    pixels: PixelCache | None = field(default=None, compare=False)


def extract(
    backbone: Backbone,
    recipe: Recipe,
    images_root: Path,
    images: pd.DataFrame,
    cache: EmbeddingCache,
    *,
    options: StageOneOptions | None = None,
    metadata: Float32Array | None = None,
) -> Extraction:
    """Return the embeddings of images, computing only those that the cache does not hold.

    A shard is written every 512 images, so that a killed run resumes where it was. A second process that wants the
    same embeddings waits and then finds them.

    Parameters
    ----------
    images_root : Path
        The image folder.
    images : DataFrame
        Columns ``path`` (relative to `images_root`) and ``content`` (digest of the file's bytes; empty or
        missing where the file could not be read).
    metadata : ndarray of shape (n_images, n_metadata), optional
        Encoded, one row per image: for a network that metadata enter, whose embeddings depend on both.

    Raises
    ------
    BackboneError, ConfigError, StorageError
        If the weights cannot be loaded, the options contradict each other or name no shift, or the cache cannot be
        written.
    """
    started = time.perf_counter()
    options = options or StageOneOptions()
    check_views(options.views, recipe.height, recipe.width)
    forward, key = _prepare(backbone, recipe, options)
    asked = named_images(images, metadata)
    contents = asked.names
    paths = images["path"].astype(str).tolist()
    embeddings, found = cache.read(key, contents)
    failed: dict[str, str] = {}
    computed = 0
    if _missing(paths, contents, found):
        with cache.writing(key, {"backbone": backbone.name, "input": to_plain(recipe)}) as write:
            _, found = cache.read(key, contents)  # another process may have computed them meanwhile
            missing = _missing(paths, contents, found)
            reporter = _Reporter(options, contents, missing)
            failed = _compute(forward, images_root, asked, missing, write, reporter)
            computed = len(missing) - len(failed)
        embeddings, found = cache.read(key, contents)
    if not found.any():
        embeddings = np.full((len(contents), _width(forward, recipe, metadata)), np.nan, np.float32)
    failures = _failures_by_path(paths, contents, found, failed)
    return Extraction(key, embeddings, failures, computed, time.perf_counter() - started)


def _prepare(
    backbone: Backbone, recipe: Recipe, options: StageOneOptions
) -> tuple[ForwardPass, EmbeddingKey]:
    device = resolve_device(options.device)
    precision = options.precision or resolve_precision(device)
    network = load_network(backbone)
    weights = network_digest(backbone, network)
    shifted = shift_key(options.shift, options.shift_seed)
    key = EmbeddingKey(weights, recipe.digest, options.views, precision, options.tuned_on, shifted)
    passes = begin_passes(device, options.batch_size or 0)
    return ForwardPass(network.to(device), recipe, options.views, device, precision, passes), key


def _width(forward: ForwardPass, recipe: Recipe, metadata: Float32Array | None) -> int:
    """Return the number of dimensions of an embedding, computed on no photograph."""
    pixels = np.empty((0, recipe.height, recipe.width, 3), np.uint8)
    nothing = Batch(np.empty(0, np.int64), pixels, {})
    return int(replace(forward, metadata=metadata)(nothing).shape[1])


def _missing(paths: Sequence[str], contents: Sequence[str], found: BoolArray) -> dict[str, str]:
    """Return the contents that were not found, each with one path that has it."""
    missing: dict[str, str] = {}
    for path, content, is_found in zip(paths, contents, found, strict=True):
        if content and not is_found:
            missing.setdefault(content, path)
    return missing


def _compute(
    forward: ForwardPass,
    images_root: Path,
    asked: NamedImages,
    missing: Mapping[str, str],
    write: Callable[[Shard], object],
    reporter: "_Reporter",
) -> dict[str, str]:
    """Compute and write embeddings; return why some failed, by content."""
    failed: dict[str, str] = {}
    options = reporter.options
    threads = options.threads or torch.get_num_threads()
    in_pass = forward.passes.size
    batch_size = max((options.batch_size or _BATCH[forward.device.type]) // in_pass, 1) * in_pass
    contents, batches = ImageSource(
        images_root,
        forward.recipe,
        batch_size,
        threads,
        options.shift,
        options.shift_seed,
        options.pixels,
        asked.content_of,
    ).over(missing)
    forward = replace(forward, metadata=asked.metadata_of(contents))
    pending: list[Shard] = []
    with closing(forward.embed_batches(batches, threads)) as results:
        for batch, embeddings in results:
            failed |= {contents[position]: reason for position, reason in batch.failures.items()}
            pending.append(Shard(tuple(contents[position] for position in batch.positions), embeddings))
            if sum(len(shard.contents) for shard in pending) >= MAX_ROWS:
                pending = _write_full(pending, write)
            reporter.advance(len(batch.positions) + len(batch.failures))
    for shard in join(pending):
        write(shard)
    return failed


def _write_full(pending: Sequence[Shard], write: Callable[[Shard], object]) -> list[Shard]:
    *full, last = join(pending)
    if len(last.contents) == MAX_ROWS:
        full, last = [*full, last], Shard((), last.embeddings[:0])
    for shard in full:
        write(shard)
    return [last]


class _Reporter:
    """Tells the options' progress callable how many images of different content are done."""

    def __init__(self, options: StageOneOptions, contents: Sequence[str], missing: Mapping[str, str]) -> None:
        self.options = options
        self.total = len({content for content in contents if content})
        self.done = self.total - len(missing)
        self.advance(0)

    def advance(self, n_images: int) -> None:
        self.done += n_images
        if self.options.progress is not None:
            self.options.progress(self.done, self.total)


def _failures_by_path(
    paths: Sequence[str], contents: Sequence[str], found: BoolArray, failed: Mapping[str, str]
) -> dict[str, str]:
    unread = "the image could not be read when the folder was inspected"
    lost = "its embedding was damaged on disk as soon as it was written"
    return {
        path: failed.get(content, lost) if content else unread
        for path, content, is_found in zip(paths, contents, found, strict=True)
        if not is_found
    }
