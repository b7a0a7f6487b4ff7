"""The folder that images may be read from, and nothing outside it."""

import os
import re
import stat
import unicodedata
from pathlib import Path

from automl_skin.errors import ImageError
from automl_skin.files import name_kind

MAX_IMAGE_BYTES = 200_000_000
"""Of one image file: a TIFF of 16 bits and 30 million pixels has 180 MB."""
MAX_REMEMBERED = 10_000
"""Subfolders whose real path is remembered: strangers ask a server for any names."""

_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # as Python decodes bytes that are no UTF-8
_REPLACEMENT = "\ufffd"
_SHOWN_BYTE = re.compile(f"{_REPLACEMENT}([89A-F][0-9A-F])")


class ImageFolder:
    """Finds and reads files by their path relative to the folder.

    Where a subfolder really lies is looked up once, which makes 10,000 look-ups five times faster. A symbolic
    link is followed as long as it stays inside; the folder itself may be or pass through one.

    Parameters
    ----------
    root : Path
        The folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = os.path.realpath(root)
        self._subfolders: dict[str, str] = {}

    def file(self, path: str) -> Path:
        """Return where `path` is, whether or not there is something.

        Raises
        ------
        ImageError
            If the path leaves the folder, also through ``..``, an absolute path or a symbolic link.
        """
        return Path(self._resolve(path))

    def state(self, path: str) -> os.stat_result:
        """Return the state of a file without opening it.

        Raises
        ------
        ImageError
            If the path leaves the folder.
        OSError
            As of `os.stat`: `FileNotFoundError` and others.
        """
        file = self._resolve(path)
        return os.stat(file)  # noqa: PTH116 -- a third of the time of Path

    def read(self, path: str) -> bytes:
        """Return a file's bytes; a name with umlauts finds its file also where their dots are characters of their own.

        Raises
        ------
        ImageError
            If the path leaves the folder, or the file is missing or cannot be read.
        """
        file = self.file(path)
        try:
            return _read_regular(path, file if file.exists() else self.file(self._respelled(path)))
        except FileNotFoundError as error:
            message = f"{path}: not found in the image folder {self.root}"
            raise ImageError(f"{message}; put the image there or correct its path in the table") from error
        except OSError as error:
            message = f"{path}: cannot be read ({error.strerror})"
            raise ImageError(f"{message}; see {file}") from error

    def _resolve(self, path: str) -> str:
        path = _name_on_disk(path)
        subfolder, name = os.path.split(path)
        if name in {"", ".", ".."} or "\0" in path or path.startswith(os.sep):
            message = f"expected the path of a file inside the image folder {self.root}, got {path!r}"
            raise ImageError(f"{message}; name the image by its path relative to that folder")
        if subfolder not in self._subfolders:
            real = os.path.realpath(f"{self.root}{os.sep}{subfolder}")
            if len(self._subfolders) >= MAX_REMEMBERED:
                self._subfolders.clear()
            self._subfolders[subfolder] = self._inside(path, real)
        file = self._subfolders[subfolder] + os.sep + name
        return self._inside(path, os.path.realpath(file)) if _is_link(file) else file

    def _respelled(self, path: str) -> str:
        """Return the path of the file whose name is the same in Unicode's composed form (NFC), else `path`."""
        subfolder, name = os.path.split(_name_on_disk(path))
        try:
            names = [each.name for each in Path(self._subfolders.get(subfolder, "")).iterdir()]
        except OSError:  # no such folder: whoever reads the file will say so
            return path
        twins = [each for each in names if composed(each) == composed(name)]
        return str(Path(subfolder, twins[0])) if twins else path

    def _inside(self, path: str, real: str) -> str:
        if real == self.root or real.startswith(self.root.rstrip(os.sep) + os.sep):
            return real
        message = f"{path}: expected a path inside the image folder {self.root}, got one that leads to {real}"
        raise ImageError(f"{message}; copy the image into the folder and name it by its relative path")


def composed(name: str) -> str:
    """Return a name in Unicode's composed form (NFC), in which names are compared."""
    return unicodedata.normalize("NFC", name)


def shown_name(name: str) -> str:
    """Return a name that can be written to a file: each byte that is not UTF-8 becomes U+FFFD and its digits.

    `ImageFolder` takes such names for the files that they stand for.

    Examples
    --------
    >>> len(shown_name(os.fsdecode(bytes([0xE9]) + b".jpg")))  # U+FFFD, E9, .jpg
    7
    """
    return _NOT_UTF8.sub(lambda found: f"{_REPLACEMENT}{ord(found[0]) - 0xDC00:02X}", name)


def _name_on_disk(path: str) -> str:
    return _SHOWN_BYTE.sub(lambda found: chr(0xDC00 + int(found[1], 16)), path)


def _read_regular(path: str, file: Path) -> bytes:
    """Return the bytes of a regular file of a sane size; nothing else is waited for or read."""
    _require_regular(path, os.stat(file))  # noqa: PTH116 -- as above; to open a device may already do something
    handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe without a writer would block
    with os.fdopen(handle, "rb") as opened:
        state = os.fstat(handle)
        _require_regular(path, state)
        content = opened.read(MAX_IMAGE_BYTES + 1) if state.st_size <= MAX_IMAGE_BYTES else None
    if content is None or len(content) > MAX_IMAGE_BYTES:  # files of /proc say 0 and may hold anything
        size = max(state.st_size, MAX_IMAGE_BYTES + 1)
        message = f"{path}: expected an image file of at most {MAX_IMAGE_BYTES / 1e6:.0f} MB, got {size / 1e6:,.1f} MB"
        raise ImageError(f"{message}; shrink the image")
    return content


def _require_regular(path: str, state: os.stat_result) -> None:
    if not stat.S_ISREG(state.st_mode):
        raise ImageError(f"{path}: expected an image file, got {name_kind(state)}; name the image itself")


def _is_link(file: str) -> bool:
    try:
        return stat.S_ISLNK(os.lstat(file).st_mode)
    except OSError:  # not there, or not to be looked at: whoever opens it will say so
        return False
