"""One search at a time in a folder of a study."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from automl_skin.errors import SearchError
from automl_skin.files import storage_errors


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes out of a folder of a study; it is made where there is none.

    Raises
    ------
    SearchError
        If another process is in it.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            message = (
                f"only one search can run in {folder.parent} at a time; wait for the one that is running"
            )
            raise SearchError(message) from error
    try:
        yield
    finally:
        lock.release()
