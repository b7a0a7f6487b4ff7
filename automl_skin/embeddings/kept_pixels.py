"""The pixels that `PixelCache` keeps, listed and let go of like everything else in the cache."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from automl_skin.digests import Json
from automl_skin.embeddings.kept import let_go
from automl_skin.errors import IntegrityError
from automl_skin.files import read_json

ABOUT = "about.json"


@dataclass(frozen=True)
class PixelEntry:
    """Pixels of one recipe and one list of images.

    Parameters
    ----------
    digest : str
    key : mapping
        What ``about.json`` says; empty if it is unreadable.
    size_bytes : int
        On disk.
    last_used : float
        Seconds since the epoch.
    """

    digest: str
    key: Mapping[str, Json]
    size_bytes: int
    last_used: float


@dataclass(frozen=True)
class KeptPixels:
    """The folder of a `PixelCache`."""

    folder: Path

    def list(self) -> tuple[PixelEntry, ...]:
        """Return what is kept, least recently used first."""
        folders = (path for path in self.folder.iterdir() if path.is_dir()) if self.folder.is_dir() else ()
        return tuple(sorted(map(_entry, folders), key=lambda entry: (entry.last_used, entry.digest)))

    def prune(
        self, *, older_than_days: float | None = None, digest: str | None = None, everything: bool = False
    ) -> tuple[PixelEntry, ...]:
        """Delete pixels; see `let_go`. What is needed again is decoded again."""
        return let_go(
            self.list(),
            self.folder,
            lambda entry: shutil.rmtree(self.folder / entry.digest),
            older_than_days=older_than_days,
            digest=digest,
            everything=everything,
        )


def _entry(folder: Path) -> PixelEntry:
    about = folder / ABOUT
    try:
        key = read_json(about)
    except (IntegrityError, OSError):
        key = {}
    stamp = (about if about.exists() else folder).stat().st_mtime
    size = sum(path.stat().st_size for path in folder.iterdir())
    return PixelEntry(folder.name, key if isinstance(key, dict) else {}, size, stamp)
