"""Images of a folder, found by id or by path and never outside it."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from automl_skin.data.table import canonical_text, name_rows
from automl_skin.errors import TableError

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
        Posix paths relative to `root`, sorted; hidden files and links that leave the folder are no part.
    by_name : mapping of str to tuple of str
        Paths by each name that they answer to: the path, the path without extension, the file name and the
        file name without extension.
    given : Path
        The folder as it was given, absolute, but with its links.
    """

    root: Path
    paths: tuple[str, ...]
    by_name: Mapping[str, tuple[str, ...]]
    given: Path

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
        text = canonical_text(values)
        self._refuse_tricks(text)
        found = {value: self._find(value) for value in text.dropna().unique()}
        for value, paths in found.items():
            if len(paths) > 1:
                rows = name_rows(values.index[text == value])
                message = (
                    f"{value!r} ({rows}) must name one image of {self.root} and names {len(paths)}: "
                    f"{', '.join(paths[:3])}; give their paths in the table, or take the copies away"
                )
                raise TableError(message)
        return text.map({value: paths[0] for value, paths in found.items() if paths}).astype("str")

    def count(self, values: "pd.Series[Any]") -> int:
        """Return how many different values of a column name an image."""
        unique = canonical_text(values).dropna().unique()
        return sum(1 for value in unique if not _leads_out(self._relative(value)) and self._find(value))

    def _find(self, value: str) -> tuple[str, ...]:
        """Return the paths that answer to an id or a path, most literal first."""
        name = self._relative(value)
        found = self.by_name.get(name) or self.by_name.get(_without_extension(name))
        if found is None and "/" in name:
            parents = len(PurePosixPath(name).parts) - 1
            for depth in range(1, parents + 1):
                head, tail = _cut(name, depth)
                if self.root.as_posix().endswith("/" + head):
                    return self.by_name.get(tail) or self.by_name.get(_without_extension(tail), ())
        return found or ()

    def _relative(self, value: str) -> str:
        """Return a value with posix separators, relative to the folder if it is an absolute path in it."""
        name = value.replace("\\", "/")
        if not _ABSOLUTE.match(name):
            return name.removeprefix("./")
        for root in (self.root, self.given):
            name = name.removeprefix(root.as_posix() + "/")
        return name

    def _refuse_tricks(self, text: "pd.Series[str]") -> None:
        """Raise where a value leads out of the folder."""
        unique = [value for value in text.dropna().unique() if _leads_out(self._relative(value))]
        if unique:
            rows = name_rows(text.index[text.isin(unique)])
            message = (
                f"images must lie in {self.root}, and {rows} lead out of it ({unique[0]!r}); "
                "give ids, or paths relative to --images"
            )
            raise TableError(message)


def index_images(root: Path) -> ImageIndex:
    """List the images of a folder and of the folders in it.

    Raises
    ------
    TableError
        If there is no such folder.
    """
    if not root.is_dir():
        message = f"the image folder {root} must be a folder and is not; check the path given as --images"
        raise TableError(message)
    real = root.resolve()
    paths = sorted(_walk(real))
    names: dict[str, list[str]] = {}
    for path in paths:
        file = path.rpartition("/")[2]
        for name in dict.fromkeys((path, _without_extension(path), file, _without_extension(file))):
            names.setdefault(name, []).append(path)
    literal = {name: tuple(_literal_first(name, found)) for name, found in names.items()}
    return ImageIndex(real, tuple(paths), literal, root.absolute())


def file_stem(name: str) -> str:
    """Return the name of an image without its folders and extension.

    Examples
    --------
    >>> file_stem("test/ISIC_0052060.jpg"), file_stem("ISIC_0052060"), file_stem("a.1")
    ('ISIC_0052060', 'ISIC_0052060', 'a.1')
    """
    return _without_extension(name.replace("\\", "/").rpartition("/")[2])


def _walk(root: Path) -> list[str]:
    """Return the relative paths of all images; links to folders are not followed."""
    found = []
    for folder, below, files in os.walk(root):
        below[:] = [name for name in below if not name.startswith(".")]
        for name in files:
            path = Path(folder, name)
            if name.startswith(".") or path.suffix.lower() not in EXTENSIONS:
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                continue
            found.append(path.relative_to(root).as_posix())
    return found


def _literal_first(name: str, paths: list[str]) -> list[str]:
    """Return the one path that is the name itself, where there is one, else all of them."""
    return [name] if name in paths else paths


def _without_extension(name: str) -> str:
    """Return a name without its extension, if that is an image's."""
    stem, dot, extension = name.rpartition(".")
    return stem if dot and f".{extension.lower()}" in EXTENSIONS else name


def _cut(name: str, depth: int) -> tuple[str, str]:
    """Return the first `depth` folders of a path and the rest."""
    parts = name.split("/")
    return "/".join(parts[:depth]), "/".join(parts[depth:])


def _leads_out(value: str) -> bool:
    """Whether a value goes up, is absolute, or is no name at all."""
    parts = value.replace("\\", "/").split("/")
    return ".." in parts or bool(_ABSOLUTE.match(value)) or "\0" in value
