"""Images of a folder, found by id or by path and never outside it.

Names are compared in Unicode's composed form (NFC): macOS and its zips write an umlaut as two characters.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from automl_skin.data.near_misses import NearMisses
from automl_skin.data.table import id_text, name_rows
from automl_skin.errors import TableError
from automl_skin.images.folder import composed, shown_name

if TYPE_CHECKING:
    import pandas as pd

EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"})
_ABSOLUTE = re.compile(r"^(/|~|[A-Za-z]:)")


@dataclass(frozen=True)
class ImageIndex:
    """The images of a folder.

    Parameters
    ----------
    root : Path
        The folder, absolute.
    paths : tuple of str
        Posix paths relative to `root`, sorted; without hidden files.
    by_name : mapping of str to tuple of str
        Paths by each name that they answer to: the path, the path without extension, the file name and the
        file name without extension. Names are in NFC, paths as they are on disk.
    given : Path
        The folder as it was given, absolute, but with its links.
    others : tuple of str
        Paths of the files whose extension is not an image's, sorted; they explain an image that is not found.
    digits : int
        How many digits the numbers have that images are named by, where all have as many; else 0.
    """

    root: Path
    paths: tuple[str, ...]
    by_name: Mapping[str, tuple[str, ...]]
    given: Path
    others: tuple[str, ...] = ()
    digits: int = 0

    @property
    def is_folder(self) -> bool:
        """Whether there is a folder at all; a study of metadata alone has none."""
        return self.root != Path()

    @cached_property
    def near_misses(self) -> NearMisses:
        """What finds the file that was probably meant by a name that is not there."""
        return NearMisses(self.paths, self.others)

    def lost_zeros(self, values: "pd.Series[Any]") -> dict[str, str]:
        """Return the path of each value that is a file's number without its leading zeros.

        Only in a folder whose numbered images all have numbers of one length: there, 7 can only mean 0007. Each value
        is judged without the others, so that a row alone is read as in its table.
        """
        unique = id_text(values).dropna().unique()
        return {value: paths[0] for value in unique if (paths := self._padded(value)) is not None}

    def locate(self, values: "pd.Series[Any]") -> "pd.Series[str]":
        """Return the path of the image that each value names, NA where there is none.

        A value is an id (the file's name with or without extension) or a path, relative to the folder
        or to the folder's parent, or absolute within the folder.

        Parameters
        ----------
        values : Series of shape (n_images,)
            Ids or paths.

        Raises
        ------
        TableError
            If a value leads out of the folder, or two files answer to one.
        """
        text = id_text(values)
        self._refuse_tricks(text)
        found = {value: self._find(value) for value in text.dropna().unique()}
        for value, paths in found.items():
            if len(paths) > 1:
                rows = name_rows(values.index[text == value])
                message = (
                    f"{value!r} ({rows}): expected the name of one image of {self.root}, got that of {len(paths)}: "
                    f"{', '.join(paths[:3])}; give their paths in the table, or remove the copies"
                )
                raise TableError(message)
        return text.map({value: paths[0] for value, paths in found.items() if paths}).astype("str")

    def count(self, values: "pd.Series[Any]") -> int:
        """Return how many different values of a column name an image."""
        unique = id_text(values).dropna().unique()
        return sum(1 for value in unique if not _leads_out(self._relative(value)) and self._find(value))

    def _find(self, value: str) -> tuple[str, ...]:
        """Return the paths that answer to an id or a path, most literal first."""
        name = self._relative(value)
        found = self.by_name.get(name) or self.by_name.get(_without_extension(name))
        if found is None and "/" in name:
            parents = len(PurePosixPath(name).parts) - 1
            for depth in range(1, parents + 1):
                head, tail = _cut(name, depth)
                if composed(self.root.as_posix()).endswith("/" + head):
                    return self.by_name.get(tail) or self.by_name.get(_without_extension(tail), ())
        return found or self._padded(value) or ()

    def _padded(self, value: str) -> tuple[str, ...] | None:
        """Return the paths of a number whose leading zeros were lost, where no image bears it as it stands."""
        lost = value.isascii() and value.isdigit() and not (len(value) > 1 and value.startswith("0"))
        if not lost or value in self.by_name:
            return None
        return self.by_name.get(value.zfill(self.digits))

    def _relative(self, value: str) -> str:
        """Return a value with posix separators, relative to the folder if it is an absolute path in it."""
        name = value.replace("\\", "/")
        if not _ABSOLUTE.match(name):
            return name.removeprefix("./")
        for root in (self.root, self.given):
            name = name.removeprefix(composed(root.as_posix()) + "/")
        return name

    def _refuse_tricks(self, text: "pd.Series[str]") -> None:
        """Raise where a value leads out of the folder."""
        unique = [value for value in text.dropna().unique() if _leads_out(self._relative(value))]
        if unique:
            rows = name_rows(text.index[text.isin(unique)])
            message = (
                f"expected images inside {self.root}, got paths that lead out of it in {rows} ({unique[0]!r}); "
                "give ids, or paths relative to --images"
            )
            raise TableError(message)


NO_FOLDER = ImageIndex(Path(), (), {}, Path())
"""Stands for the folder of a table whose photographs are not given."""


def index_images(root: Path | None) -> ImageIndex:
    """List the images of a folder and of the folders in it; none where no folder is given.

    Raises
    ------
    TableError
        If there is no such folder.
    """
    if root is None:
        return NO_FOLDER
    if not root.is_dir():
        raise TableError(f"--images: expected a folder of images, got {root} (not a folder); check the path")
    real = root.resolve()
    paths, others = _walk(real)
    names: dict[str, list[str]] = {}
    for path in paths:
        whole = composed(path)
        file = whole.rpartition("/")[2]
        for name in dict.fromkeys((whole, _without_extension(whole), file, _without_extension(file))):
            names.setdefault(name, []).append(path)
    literal = {name: tuple(_literal_first(name, found)) for name, found in names.items()}
    lengths = {len(name) for name in names if name.isascii() and name.isdigit()}
    digits = lengths.pop() if len(lengths) == 1 else 0
    return ImageIndex(real, tuple(paths), literal, root.absolute(), tuple(others), digits)


def file_stem(name: str) -> str:
    """Return the name of an image without its folders and extension.

    Examples
    --------
    >>> file_stem("test/ISIC_0052060.jpg"), file_stem("ISIC_0052060"), file_stem("a.1")
    ('ISIC_0052060', 'ISIC_0052060', 'a.1')
    """
    return _without_extension(name.replace("\\", "/").rpartition("/")[2])


def _walk(root: Path) -> tuple[list[str], list[str]]:
    """Return the relative paths of all images and of all other files; links to folders are not followed."""
    found: list[str] = []
    others: list[str] = []
    for folder, below, files in os.walk(root):
        below[:] = [name for name in below if not name.startswith(".")]
        for name in files:
            path = Path(folder, name)
            if name.startswith("."):
                continue
            # A link that leads out of the folder is listed and not read: whoever reads it says so on its row.
            is_image = path.suffix.lower() in EXTENSIONS
            (found if is_image else others).append(shown_name(path.relative_to(root).as_posix()))
    return sorted(found), sorted(others)


def _literal_first(name: str, paths: list[str]) -> list[str]:
    """Return the one path that is the name itself, where there is one, else all of them."""
    literal = [path for path in paths if composed(path) == name]
    return literal if len(literal) == 1 else paths


def _without_extension(name: str) -> str:
    """Return a name without its extension, if that is an image's."""
    stem, dot, extension = name.rpartition(".")
    return stem if dot and f".{extension.lower()}" in EXTENSIONS else name


def _cut(name: str, depth: int) -> tuple[str, str]:
    """Return the first `depth` folders of a path and the rest."""
    parts = name.split("/")
    return "/".join(parts[:depth]), "/".join(parts[depth:])


def _leads_out(value: str) -> bool:
    """Whether a value goes up, is absolute, or is not a name."""
    parts = value.replace("\\", "/").split("/")
    return ".." in parts or bool(_ABSOLUTE.match(value)) or "\0" in value
