"""Tuning networks: one process a device, each network once, and a parent that says how far they are.

On the CPU as many processes work as there are cores for their threads. How many threads a training has is part of its
job and not of how many jobs wait, so that weights do not depend on that.
"""

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from automl_skin.arrays import BoolArray, Float32Array, IntArray, Pixels
from automl_skin.backbones.catalogue import Backbone
from automl_skin.backbones.device import resolve_device
from automl_skin.backbones.memory import release_cached_memory
from automl_skin.backbones.network import save_network
from automl_skin.backbones.tuning.data import TuningData
from automl_skin.backbones.tuning.train import tune
from automl_skin.digests import Json
from automl_skin.embeddings.networks import CHECKPOINTS, NetworkStore
from automl_skin.embeddings.pixel_rows import PixelRows
from automl_skin.embeddings.tuned_folder import TunedFolder, tower_folder, write_curve
from automl_skin.embeddings.tuning_key import TuningKey
from automl_skin.embeddings.tuning_progress import Followed, Teller, follow
from automl_skin.embeddings.tuning_sheet import N_IMAGES, write_sheet
from automl_skin.errors import TuningError
from automl_skin.images.loading import Progress
from automl_skin.networks import NetworkId
from automl_skin.workers.processes import available_processors, open_processes

POLL_SECONDS = 0.5

Tell = Callable[[str], None]
"""Given one line of news."""


@dataclass(frozen=True, eq=False)
class TuningJob:
    """One network to tune; can be sent to another process.

    Parameters
    ----------
    backbone : Backbone
        What it begins as.
    key : TuningKey
        What decides its weights.
    pixels : PixelRows
        The training rows.
    labels : ndarray of shape (n_rows,)
    inner : ndarray of shape (n_rows,)
        Rows that are watched and not trained on.
    target_of : ndarray of shape (n_classes,)
        Class of the target of each class that is learnt.
    mean, std : tuple of float
        Of the pixel recipe.
    metadata : ndarray of shape (n_rows, n_columns), optional
    absent : ndarray of shape (n_columns,), optional
        A case without metadata.
    encoder : mapping, optional
        The encoder of the metadata as JSON; kept with a network that metadata enter.
    about : mapping
        More for ``key.json``.
    cut : (int, int), optional
        Height and width of the network's input where it is cut out of the pixels.
    present : ndarray of shape (n_rows, n_roles), optional
        Which photographs a row has, of the towers of the key, which are tuned together; `pixels` has as many columns.
    """

    network: NetworkId
    backbone: Backbone
    key: TuningKey
    pixels: PixelRows
    labels: IntArray
    inner: BoolArray
    target_of: IntArray
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    metadata: Float32Array | None = None
    absent: Float32Array | None = None
    encoder: Mapping[str, Json] | None = None
    about: Mapping[str, Json] | None = None
    cut: tuple[int, int] | None = None
    present: BoolArray | None = None

    def data(self, seen: Callable[[int], None]) -> TuningData:
        """Return the rows to tune on, their pixels mapped."""
        return TuningData(
            pixels=self.pixels.open(seen),
            labels=self.labels,
            n_classes=len(self.target_of),
            inner=self.inner,
            target_of=self.target_of,
            metadata=self.metadata,
            absent=self.absent,
            cut=self.cut,
            roles=self.key.towers,
            present=self.present,
        )


@dataclass(frozen=True, eq=False)
class TuningFailure:
    """A network that could not be tuned, and why."""

    job: TuningJob
    reason: str


def threads_for(folds: int) -> int:
    """Return the threads of each training on the CPU: so many that the networks of all folds fill the cores."""
    return max(1, available_processors() // folds)


def tune_networks(
    jobs: Sequence[TuningJob],
    store: NetworkStore,
    devices: Sequence[str],
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> list[TunedFolder | TuningFailure]:
    """Tune the networks that the store does not have.

    A killed call resumes from the last finished epoch of each network. A training that fails is remembered and not
    tried again until it is pruned.

    Parameters
    ----------
    devices : sequence of str
        One process works on each; on ``cpu`` as many as there are cores for their threads.
    progress : callable, optional
        Called with (done, total), images that go through the networks.
    tell : callable, optional
        Given a line for every finished epoch.

    Returns
    -------
    list of TunedFolder or TuningFailure
        In the order of the jobs.

    Raises
    ------
    AutomlSkinError
        If the store cannot be written or weights cannot be loaded; what is finished is kept.
    """
    outcomes = {job.key.digest: _outcome(job, store) for job in jobs}
    missing = {job.key.digest: job for job in jobs if outcomes[job.key.digest] is None}
    if missing:
        release_cached_memory()  # what this process embedded with: the workers need the same cards
        look = follow((_followed(job, store) for job in missing.values()), progress, tell)
        killed = _tune_all(list(missing.values()), store, devices, look)
        outcomes |= {digest: killed.get(digest) or _outcome(job, store) for digest, job in missing.items()}
    return [
        outcomes[job.key.digest] or TuningFailure(job, "its network vanished from the store; tune it again")
        for job in jobs
    ]


def _outcome(job: TuningJob, store: NetworkStore) -> TunedFolder | TuningFailure | None:
    found = store.find(job.key)
    if found is not None:
        return found
    reason = store.failure(job.key)
    return None if reason is None else TuningFailure(job, reason)


def _followed(job: TuningJob, store: NetworkStore) -> Followed:
    return Followed(
        str(job.network),
        len(job.labels),
        job.key.tuning.epochs,
        store.training(job.key),
        store.place(job.key),
    )


def _tune_all(
    jobs: Sequence[TuningJob], store: NetworkStore, devices: Sequence[str], look: Callable[[], None]
) -> dict[str, TuningFailure]:
    """Tune in other processes; return by digest those whose process was ended from outside."""
    waiting = deque(jobs)
    killed: dict[str, TuningFailure] = {}
    with _open_slots(jobs, devices) as slots:
        while waiting or any(slot.job for slot in slots):
            for slot in slots:
                if slot.job is None and waiting:
                    slot.begin(waiting.popleft(), store)
            wait([slot.future for slot in slots if slot.future], POLL_SECONDS, FIRST_COMPLETED)
            look()
            killed |= {failure.job.key.digest: failure for slot in slots for failure in slot.collect()}
    look()
    return killed


@contextmanager
def _open_slots(jobs: Sequence[TuningJob], devices: Sequence[str]) -> "Iterator[list[_Slot]]":
    threads = max(job.key.threads for job in jobs)
    n_cpu = max(1, available_processors() // threads)
    names = [name for device in devices for name in [device] * (n_cpu if device == "cpu" else 1)]
    slots = [_Slot(name, threads) for name in names[: len(jobs)]]
    try:
        yield slots
    finally:
        for slot in slots:
            slot.close()


class _Slot:
    """A process that tunes one network after another on its device."""

    def __init__(self, device: str, threads: int) -> None:
        self.device = device
        self.threads = threads
        self.job: TuningJob | None = None
        self.future: Future[None] | None = None
        self._process = ExitStack()
        self._open = False

    def begin(self, job: TuningJob, store: NetworkStore) -> None:
        """Have a network tuned."""
        if not self._open:
            self._pool = self._process.enter_context(open_processes(1, self.threads))
            self._open = True
        self.job = job
        self.future = self._pool.submit(tune_one, job, store.folder, self.device)

    def collect(self) -> list[TuningFailure]:
        """Be free again if the network is done; return a failure if the process was ended from outside."""
        if self.job is None or self.future is None or not self.future.done():
            return []
        job, error = self.job, self.future.exception()
        self.job = self.future = None
        if isinstance(error, BrokenProcessPool):
            self.close()
            reason = "its process was ended from outside, most likely because the memory was full"
            return [
                TuningFailure(job, f"{reason}; take a smaller --size, or a smaller batch_size of the tuning")
            ]
        if error is not None:
            raise error
        return []

    def close(self) -> None:
        """End the process."""
        self._process.close()
        self._open = False


def tune_one(job: TuningJob, folder: Path, device: str) -> None:
    """Tune one network into the store in `folder`, unless it is there; the work of a process."""
    store = NetworkStore(folder)
    torch.set_num_threads(job.key.threads)
    with store.holding(job.key):
        if _outcome(job, store) is not None:  # of another process, meanwhile
            return
        about: dict[str, Json] = {
            "name": str(job.network),
            "backbone": job.backbone.name,
            "target_of": job.target_of.tolist(),
            "device": device,
            **(job.about or {}),
        }
        training = store.begin(job.key, about)
        try:
            _tune_into(training, job, device)
        except TuningError as error:
            store.fail(job.key, str(error))
        else:
            store.finish(job.key)


def _tune_into(training: Path, job: TuningJob, device: str) -> None:
    shown = np.flatnonzero(~job.inner)[:N_IMAGES]
    write_sheet(training, _pictures(job, shown), job.key.tuning.augmentation, job.key.seed, job.cut)
    teller = Teller(training)
    tuned = tune(
        job.backbone,
        job.key.tuning,
        job.data(teller.used),
        mean=job.mean,
        std=job.std,
        seed=job.key.seed,
        device=resolve_device(device),
        precision=job.key.precision,
        folder=training / CHECKPOINTS,
        progress=teller.finished,
    )
    write_curve(training, tuned.curve)
    spatial = json.dumps({**tuned.spatial, "encoder": job.encoder}) if tuned.spatial else ""
    if isinstance(tuned.network, nn.ModuleList):
        for place, tower in enumerate(tuned.network):
            save_network(job.backbone, tower, tower_folder(training, place))
    else:
        save_network(replace(job.backbone, spatial=spatial), tuned.network, training)
    tuned.head.save(training)


def _pictures(job: TuningJob, shown: IntArray) -> Pixels:
    """Return the photographs of some rows, those that there are, (n, height, width, 3)."""
    pixels = job.pixels.open()[shown]
    return pixels if job.present is None else pixels[job.present[shown]]
