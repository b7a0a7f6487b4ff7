"""Tuned networks on disk: each trained once, whole or absent, verified when it is opened.

::

    <digest of the key>/              how the training ended: a network, or its failure
      key.json                        what decides the weights and how they were made
      config.json, model.safetensors  the network in timm's hub layout
      tower-0/, tower-1/ ...          instead of these: towers that were tuned together, in that layout
      head.safetensors                its head
      curve.csv                       one row per epoch
      contact_sheet.png               what the network saw
      failed.json                     instead of these: why there is no network
      digests.json                    of every file above
    <digest of the key>.training/     of the one process that trains, or of a killed one that will be resumed

Opening takes no lock: a folder is moved into its place when it is finished.
"""

import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from automl_skin.backbones import hub
from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.digests import Json
from automl_skin.embeddings.tuned_folder import TunedFolder, read_curve
from automl_skin.embeddings.tuning_key import TuningKey
from automl_skin.embeddings.tuning_progress import SEEN
from automl_skin.errors import IntegrityError
from automl_skin.files import read_json, storage_errors, write_json
from automl_skin.store.entries import KEY, CacheEntry, EntryStore, mark_used, set_aside
from automl_skin.store.folder_digests import verify_folder, write_digests

FAILED = "failed.json"
CHECKPOINTS = "checkpoints"
TRAINING = ".training"

_LOG = logging.getLogger(__name__)


class NetworkStore(EntryStore):
    """Tuned networks by key."""

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
        with self.hold(key.digest, "tunes the same network"):
            yield

    def begin(self, key: TuningKey, about: Mapping[str, Json]) -> Path:
        """Return the folder to train in, as a killed process left it; end with `finish` or `fail`.

        The lock must be held. Checkpoints belong into its sub-folder `CHECKPOINTS`, which goes at the end.

        Parameters
        ----------
        about : mapping
            More about it for ``key.json``: at least ``backbone``, its name, and ``target_of``.

        Raises
        ------
        StorageError
            If the store cannot be written.
        """
        training = self.training(key)
        write_json(training / KEY, {**asdict(key), **about})
        return training

    def finish(self, key: TuningKey) -> TunedFolder:
        """Move the trained network to its place; the lock must be held."""
        return TunedFolder(self._move(key, ()))

    def fail(self, key: TuningKey, reason: str) -> None:
        """Remember that a training failed, so that it is not tried for ever; the lock must be held."""
        when = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
        write_json(self.training(key) / FAILED, {"reason": reason, "when": when})
        self._move(key, (hub.CONFIG, hub.WEIGHTS))

    def _opened(self, key: TuningKey) -> Path | None:
        folder = self.place(key)
        if not folder.is_dir():
            return None
        try:
            verify_folder(folder, "it is set aside and the network is tuned again")
        except IntegrityError as error:
            _LOG.warning("%s", error)
            set_aside(folder)
            return None
        mark_used(folder)
        return folder

    def _move(self, key: TuningKey, unwanted: Sequence[str]) -> Path:
        training, folder = self.training(key), self.place(key)
        with storage_errors(folder):
            shutil.rmtree(training / CHECKPOINTS, ignore_errors=True)
            for path in [*training.rglob(".writing-*"), *(training / name for name in (SEEN, *unwanted))]:
                path.unlink(missing_ok=True)
            write_digests(training)
            training.replace(folder)
        return folder


def tuning_state(entry: CacheEntry) -> str:
    """Return how an entry of a `NetworkStore` stands: ``whole``, ``failed``, ``unfinished`` or ``damaged``."""
    if entry.path.suffix:
        return "unfinished" if entry.path.suffix == TRAINING else "damaged"
    return "failed" if (entry.path / FAILED).is_file() else "whole"
