"""Files that are whole or absent: written beside their place, then moved into it."""

import errno
import json
import math
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from automl_skin.digests import Json
from automl_skin.errors import AutomlSkinError, IntegrityError, StorageError

_KEPT = "(what was finished before is kept)"
_REASONS = {
    errno.ENOSPC: "the disk is full; free some space and give the same command again",
    errno.EDQUOT: "the quota is used up; free some space and give the same command again",
    errno.EFBIG: "the file would be larger than is allowed here (ulimit -f); raise the limit or choose another folder",
    errno.EIO: "the disk reports an error; check it, or choose another folder",
    errno.EROFS: "the file system is read-only; choose another folder",
    errno.EACCES: "permission denied; choose another folder",
    errno.EPERM: "permission denied; choose another folder",
    errno.ENOTDIR: "a part of the path is a file; choose another folder",
    errno.EISDIR: "a folder of that name is in the way; choose another name",
    errno.EEXIST: "a file of that name is in the way; choose another folder",
    errno.ELOOP: "its links lead in a circle; choose another folder",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}

_REASONS_IN_WORDS = {
    "no space left on device": _REASONS[errno.ENOSPC],
    "database or disk is full": _REASONS[errno.ENOSPC],
    "disk quota exceeded": _REASONS[errno.EDQUOT],
    "file too large": _REASONS[errno.EFBIG],
    "disk i/o error": _REASONS[errno.EIO],
    "read-only file system": _REASONS[errno.EROFS],
    "attempt to write a readonly database": _REASONS[errno.EROFS],
    "unable to open database file": _REASONS[errno.EACCES],
    "permission denied": _REASONS[errno.EACCES],
    "file write failed": "the disk is full, or the file would be larger than is allowed; free some space",
    "no usable temporary directory": "set TMPDIR to a folder that can be written and has space",
    "could not determine home directory": "set HOME to a folder that can be written",
}
"""How libraries written in other languages (SQLite, Arrow, safetensors, PyTorch) and Python say what went wrong."""


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write `path` into a `StorageError`, whichever library met them."""
    try:
        yield
    except Exception as error:
        found = _find_cause(error)
        reason = found[1] if found else _missing_parent(error, path)
        if reason is None:
            raise
        raise StorageError(f"cannot write {path}: {reason} {_KEPT}") from error


@contextmanager
def storage_boundary() -> Iterator[None]:
    """Turn what no writer of ours has met into a `StorageError`: the last line, around a whole step.

    Other errors pass, also those of a missing file.
    """
    try:
        yield
    except Exception as error:
        found = find_storage_error(error)
        if found is None:
            raise
        raise found from error


def find_storage_error(error: Exception) -> StorageError | None:
    """Return what to say of an error behind which the operating system refused to write; None of any other."""
    found = _find_cause(error)
    if found is None:
        return None
    cause, reason = found
    where = getattr(cause, "filename", None)
    if isinstance(where, bytes):
        where = os.fsdecode(where)
    return StorageError(f"{where or _first_line(cause)}: {reason} {_KEPT}")


def _find_cause(error: BaseException) -> tuple[BaseException, str] | None:
    """Return the refusal of the operating system behind an error, and what it means; None where there is none."""
    return next(((each, reason) for each in _chain(error) if (reason := _reason(each))), None)


def _reason(error: BaseException) -> str | None:
    if isinstance(error, AutomlSkinError):  # says what it means
        return None
    if isinstance(error, OSError) and error.errno in _REASONS:
        return _REASONS[error.errno]
    text = str(error).lower()
    return next((reason for words, reason in _REASONS_IN_WORDS.items() if words in text), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)


def _missing_parent(error: BaseException, path: Path) -> str | None:
    """Return what to say where a part of `path` itself cannot be made (below ``/proc``, behind a broken link)."""
    if not isinstance(error, FileNotFoundError) or error.filename is None or path.parent.is_dir():
        return None
    inside = Path(os.fsdecode(error.filename)) in {path, *path.parents}
    return "its folder cannot be made there; choose another folder" if inside else None


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to; move it into place on success.

    A process that is killed half way leaves `path` as it was. Missing parent folders are made. The file gets
    the permissions that the umask gives to a new file, whatever library writes it.

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
        temporary = path.with_name(f".writing-{secrets.token_hex(8)}{path.suffix}")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        mode = stat.S_IMODE(os.fstat(handle).st_mode)
        os.close(handle)
        try:
            yield temporary
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            if (
                stat.S_IMODE(temporary.stat().st_mode) != mode
            ):  # safetensors puts a file of its own there, 0600
                temporary.chmod(mode)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def name_kind(state: os.stat_result) -> str:
    """Return what something is that is no regular file, in words."""
    return _KINDS.get(stat.S_IFMT(state.st_mode), "no regular file")


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes whole or not at all."""
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: Path, value: Json) -> None:
    """Write a JSON file, readable by people, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Json:
    """Read a JSON file.

    Raises
    ------
    IntegrityError
        If the file is not JSON, or holds a number that is not finite.
    """
    try:
        text = path.read_text(encoding="utf-8")
        value: Json = json.loads(text, parse_float=_finite, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        message = (
            f"{path}: expected a JSON file, got something else ({error}); it was damaged after it was written"
        )
        raise IntegrityError(message) from error
    return value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        return _refuse_constant(text)
    return number


def _refuse_constant(text: str) -> float:
    message = f"{text} is not a finite number"
    raise ValueError(message)
