"""Hints on an image that is not in the folder: the file that was probably meant, and how its name differs."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath

from automl_skin.images.folder import composed

CASE = "differs only in upper and lower case"
FORMAT = "has a format that cannot be read: convert it to JPEG or PNG"
ZEROS = "differs in leading zeros, which spreadsheets remove: format the column as text"
DECIMALS = "differs in a decimal part, which programs add to whole numbers: save the ids as text"
SIGNS = "differs in blanks or signs"

_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")


class NearMisses:
    """Finds the file that an id nearly names.

    Parameters
    ----------
    images : sequence of str
        Paths of the images of a folder.
    others : sequence of str
        Paths of its other files.
    """

    def __init__(self, images: Sequence[str], others: Sequence[str]) -> None:
        every = (*images, *others)
        self._rules: tuple[tuple[str, Callable[[str], str], dict[str, str]], ...] = (
            (FORMAT, _exact, _by_key(others, _exact)),
            (CASE, _folded, _by_key(images, _folded)),
            (ZEROS, _without_zeros, _by_key(images, _without_zeros)),
            (DECIMALS, _without_decimals, _by_key(images, _exact)),
            (FORMAT, _folded, _by_key(others, _folded)),
            (SIGNS, _letters, _by_key(every, _letters)),
        )

    def find(self, value: str) -> tuple[str, str] | None:
        """Return the file that a value nearly names and how they differ, or None."""
        for what, key, files in self._rules:
            file = files.get(key(_stem(value)))
            if file is not None:
                return file, what
        return None

    def say(self, value: str) -> str:
        """Return a hint for one value, empty where nothing is near.

        Examples
        --------
        >>> NearMisses(["A 1.jpg"], ["b.heic"]).say("a 1")
        "there is 'A 1.jpg', which differs only in upper and lower case"
        >>> NearMisses(["A 1.jpg"], ["b.heic"]).say("b.jpg")
        "there is 'b.heic', which has a format that cannot be read: convert it to JPEG or PNG"
        """
        found = self.find(value)
        if found is None:
            return ""
        return f"there is {found[0]!r}, which {found[1]}"

    def summarise(self, values: Iterable[str]) -> list[str]:
        """Return one line per kind of near miss, with how many there are and an example."""
        by_kind: dict[str, list[tuple[str, str]]] = {}
        for value in values:
            found = self.find(value)
            if found is not None:
                by_kind.setdefault(found[1], []).append((value, found[0]))
        return [
            f"{len(pairs):,} of them: the file {what} ({pairs[0][0]!r}, {pairs[0][1]!r})"
            for what, pairs in by_kind.items()
        ]


def _by_key(paths: Sequence[str], key: Callable[[str], str]) -> dict[str, str]:
    """Return the first path of each key of its file's name."""
    found: dict[str, str] = {}
    for path in paths:
        name = key(_stem(path))
        if name:
            found.setdefault(name, path)
    return found


def _stem(path: str) -> str:
    """Return a file's name in NFC without folders and extension; ``1.10`` has no extension."""
    name = PurePosixPath(path.replace("\\", "/")).name
    return composed(_EXTENSION.sub("", name))


def _exact(stem: str) -> str:
    return stem


def _folded(stem: str) -> str:
    return composed(stem.casefold())


def _without_zeros(stem: str) -> str:
    return re.sub(r"(?<![\d.])0+(?=\d)", "", _folded(stem))


def _without_decimals(stem: str) -> str:
    return re.sub(r"^(\d+)\.0+$", r"\1", stem)


def _letters(stem: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", stem).casefold())
