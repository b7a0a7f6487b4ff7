"""Tuned networks on disk: each trained once, whole or absent, verified when it is opened.

::

    FOLDER/
      <digest of the key>/            how the training ended: a network, or its failure
        key.json                      what decides the weights and how they were made, for people
        config.json, model.safetensors    the network in timm's hub layout
        head.safetensors              its head
        curve.csv                     one row an epoch
        contact_sheet.png             what the network saw
        failed.json                   instead of these: why there is no network
        digests.json                  of every file above
      <digest of the key>.training/   of the one process that trains, or of a killed one that will go on
      <digest of the key>.damaged/    was not what its digests say
      <digest of the key>.lock        held by the one process that trains

Opening takes no lock: a folder is moved into its place when it is finished.
"""

import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from automl_skin.backbones import hub
from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.digests import Json
from automl_skin.embeddings.curve import read_curve
from automl_skin.embeddings.kept import holding, let_go, touch
from automl_skin.embeddings.tuned_folder import DIGESTS, KEY, TunedFolder, digests_of, verify
from automl_skin.embeddings.tuning_key import TuningKey
from automl_skin.embeddings.tuning_progress import SEEN
from automl_skin.errors import IntegrityError
from automl_skin.files import read_json, storage_errors, write_json

FAILED = "failed.json"
CHECKPOINTS = "checkpoints"
TRAINING, DAMAGED = ".training", ".damaged"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class NetworkEntry:
    """What the store holds of one key.

    Parameters
    ----------
    digest : str
        Of the key.
    key : mapping
        What ``key.json`` says; empty if it is unreadable.
    state : str
        ``whole``, ``failed``, ``unfinished`` or ``damaged``.
    size_bytes : int
        On disk.
    last_used : float
        Seconds since the epoch.
    """

    digest: str
    key: Mapping[str, Json]
    state: str
    size_bytes: int
    last_used: float


class NetworkStore:
    """Tuned networks by key.

    Parameters
    ----------
    folder : Path
        Made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, key: TuningKey) -> TunedFolder | None:
        """Return the network of a key, every file compared with its digest.

        Returns
        -------
        TunedFolder or None
            None if there is none, or it is damaged: it is then set aside and said.
        """
        folder = self._opened(key)
        return TunedFolder(folder) if folder is not None and not (folder / FAILED).is_file() else None

    def failure(self, key: TuningKey) -> str | None:
        """Return why the training of a key failed; None if it did not."""
        folder = self._opened(key)
        if folder is None or not (folder / FAILED).is_file():
            return None
        failed = read_json(folder / FAILED)
        assert isinstance(failed, Mapping)
        return str(failed["reason"])

    def place(self, key: TuningKey) -> Path:
        """Return where the outcome of a key lies when it is there."""
        return self.folder / key.digest

    def training(self, key: TuningKey) -> Path:
        """Return where a key is trained."""
        return self.folder / f"{key.digest}{TRAINING}"

    def curve(self, key: TuningKey) -> tuple[Epoch, ...]:
        """Return the epochs of a key that are finished, also where it is trained or has failed."""
        return read_curve(self.training(key)) or read_curve(self.place(key))

    @contextmanager
    def holding(self, key: TuningKey) -> Iterator[None]:
        """Hold the lock of a key; a second process waits here.

        Raises
        ------
        StorageError
            If the store cannot be written.
        """
        with holding(self.folder, key.digest, "tunes the same network"):
            yield

    def begin(self, key: TuningKey, about: Mapping[str, Json]) -> Path:
        """Return the folder to train in, as a killed process left it; end with `finish` or `fail`.

        The lock must be held. Checkpoints belong into its sub-folder `CHECKPOINTS`, which goes at the end.

        Parameters
        ----------
        key : TuningKey
        about : mapping
            More about it for ``key.json``: at least ``backbone``, its name, and ``target_of``.

        Raises
        ------
        StorageError
            If the store cannot be written.
        """
        training = self.training(key)
        write_json(training / KEY, {**key.to_json(), **about})
        return training

    def finish(self, key: TuningKey) -> TunedFolder:
        """Move the trained network to its place; the lock must be held."""
        return TunedFolder(self._move(key, ()))

    def fail(self, key: TuningKey, reason: str) -> None:
        """Remember that a training failed, so that it is not tried for ever; the lock must be held."""
        when = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
        write_json(self.training(key) / FAILED, {"reason": reason, "when": when})
        self._move(key, (hub.CONFIG, hub.WEIGHTS))

    def list(self) -> tuple[NetworkEntry, ...]:
        """Return what the store holds, least recently used first."""
        folders = (path for path in self.folder.iterdir() if path.is_dir()) if self.folder.is_dir() else ()
        return tuple(sorted(map(_entry, folders), key=lambda entry: (entry.last_used, entry.digest)))

    def prune(
        self, *, older_than_days: float | None = None, digest: str | None = None, everything: bool = False
    ) -> tuple[NetworkEntry, ...]:
        """Delete networks and failures; see `let_go`. What is needed again is trained again."""
        return let_go(
            self.list(),
            self.folder,
            lambda entry: shutil.rmtree(self.folder / _folder_name(entry)),
            older_than_days=older_than_days,
            digest=digest,
            everything=everything,
        )

    def _opened(self, key: TuningKey) -> Path | None:
        folder = self.place(key)
        if not folder.is_dir():
            return None
        try:
            verify(folder)
        except IntegrityError as error:
            _LOG.warning("%s; it is set aside and the network is tuned again", error)
            _set_aside(folder)
            return None
        touch(folder / KEY)
        return folder

    def _move(self, key: TuningKey, unwanted: Sequence[str]) -> Path:
        training, folder = self.training(key), self.place(key)
        with storage_errors(folder):
            shutil.rmtree(training / CHECKPOINTS, ignore_errors=True)
            for path in [*training.glob(".writing-*"), *(training / name for name in (SEEN, *unwanted))]:
                path.unlink(missing_ok=True)
            write_json(training / DIGESTS, digests_of(training))
            training.replace(folder)
        return folder


def _set_aside(folder: Path) -> None:
    aside = folder.with_name(folder.name + DAMAGED)
    try:
        if aside.is_dir():
            shutil.rmtree(aside)
        folder.replace(aside)
    except OSError as error:  # a read-only store, or another process was faster
        _LOG.warning("%s could not be set aside: %s", folder, error)


def _entry(folder: Path) -> NetworkEntry:
    digest, _, suffix = folder.name.partition(".")
    try:
        key = read_json(folder / KEY)
    except (IntegrityError, OSError):
        key = {}
    stamp = (folder / KEY if (folder / KEY).exists() else folder).stat().st_mtime
    size = sum(path.stat().st_size for path in folder.iterdir())
    whole = "failed" if (folder / FAILED).is_file() else "whole"
    state = {"": whole, "training": "unfinished"}.get(suffix, "damaged")
    return NetworkEntry(digest, key if isinstance(key, dict) else {}, state, size, stamp)


def _folder_name(entry: NetworkEntry) -> str:
    return entry.digest + {"unfinished": TRAINING, "damaged": DAMAGED}.get(entry.state, "")
