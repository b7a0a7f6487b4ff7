"""Files that are whole or absent: written beside their place, then moved into it."""

import errno
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from automl_skin.digests import Json
from automl_skin.errors import IntegrityError, StorageError

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space and give the same command again",
    errno.EDQUOT: "the quota is used up; free some space and give the same command again",
    errno.EROFS: "the file system is read-only; choose another folder",
    errno.EACCES: "permission denied; choose another folder",
    errno.EPERM: "permission denied; choose another folder",
    errno.ENOTDIR: "a part of the path is a file; choose another folder",
    errno.EEXIST: "a file of that name is in the way; choose another folder",
}


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write `path` into a `StorageError`."""
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0)
        if reason is None:
            raise
        message = f"cannot write {path}: {reason} (what was finished before is kept)"
        raise StorageError(message) from error


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to; move it into place on success.

    A process that is killed half way leaves `path` as it was. Missing parent folders are made.

    Raises
    ------
    StorageError
        If the folder cannot be written or the disk is full.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            message = f"{path}: expected a file to write, got a folder, device or pipe; name a file"
            raise StorageError(message)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-", suffix=path.suffix)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.chmod(0o644)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Json) -> None:
    """Write a JSON file, readable by people, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Json:
    """Read a JSON file.

    Raises
    ------
    IntegrityError
        If the file is not JSON.
    """
    try:
        value: Json = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        message = f"{path} must be a JSON file and is not ({error}); it was damaged after it was written"
        raise IntegrityError(message) from error
    return value
