"""Vectors of photographs that were made elsewhere, in a file of the user's: a frozen network whose weights nobody has.

A file is Parquet, with a column of ids and one column of lists or many columns of numbers, or npz, with the entries
``ids`` and ``vectors``. Its licence is the entry (in Parquet: the key of the file's metadata) ``licence``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_skin.arrays import Float32Array, IntArray
from automl_skin.data.locate import file_stem
from automl_skin.data.table import name_rows
from automl_skin.data.wording import list_some
from automl_skin.digests import digest_array, digest_json
from automl_skin.embeddings.given_file import read_given_file
from automl_skin.errors import ConfigError, InputError

By = Literal["image", "case"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class GivenVectors:
    """The vectors of one file.

    Parameters
    ----------
    name : str
        By which the network is called.
    path : Path
    ids : tuple of str
        Each once.
    vectors : ndarray of shape (n_ids, n_dimensions)
        Finite.
    licence : str
        Empty where the file does not say it.
    layout : str
        Which of the file's columns or entries they are, in words.
    """

    name: str
    path: Path
    ids: tuple[str, ...]
    vectors: Float32Array
    licence: str = ""
    layout: str = ""

    @property
    def n_dimensions(self) -> int:
        """Length of a vector."""
        return int(self.vectors.shape[1])

    @cached_property
    def digest(self) -> str:
        """Digest of ids and vectors, in whatever order the file has them."""
        order = np.argsort(np.array(self.ids, dtype=object))
        ids = [self.ids[position] for position in order]
        return digest_json({"ids": ids, "vectors": digest_array(self.vectors[order])})

    def find(self, names: Sequence[str]) -> IntArray:
        """Return the position of each name's vector, -1 where there is none; shape (n_names,).

        A name finds its own id, with or without the extension of an image's file; the folders of a path count only
        where both have some.

        Raises
        ------
        InputError
            If a name could mean two ids.
        """
        return np.array([self._find(name) for name in names], np.int64)

    def match(self, images: pd.DataFrame, by: By | None = None) -> tuple[By, IntArray]:
        """Return by which ids photographs find their vectors, and the position of each one's vector, -1 for none.

        Parameters
        ----------
        images : DataFrame of n_images rows
            Columns ``given`` and ``case``, as of a manifest.
        by : {"image", "case"}, optional
            By default whichever finds more vectors, the image where both find as many.
        """
        if by is not None:
            return by, self.find(list(images["given" if by == "image" else "case"]))
        by_image, by_case = self.find(list(images["given"])), self.find(list(images["case"]))
        if (by_case >= 0).sum() > (by_image >= 0).sum():
            return "case", by_case
        return "image", by_image

    def _find(self, name: str) -> int:
        stem, file = _without_extension(name), _file(name)
        keys = [name, stem, file, _without_extension(file)]
        found = next((places for key in keys if (places := self._places.get(key))), None)
        found = found or self._by_file.get(name) or self._by_file.get(stem)
        if found is None:
            return -1
        if len(found) > 1:
            ids = list_some([repr(self.ids[place]) for place in found])
            message = f"{self.path}: expected one vector for {name!r}, got those of {ids}"
            raise InputError(f"{message}; give the ids as the table has them")
        return found[0]

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        """Positions by id and by id without extension; an id itself means nobody else."""
        places: dict[str, list[int]] = {}
        for place, name in enumerate(self.ids):
            places.setdefault(_without_extension(name), []).append(place)
        return places | {name: [place] for place, name in enumerate(self.ids)}

    @cached_property
    def _by_file(self) -> dict[str, list[int]]:
        """Positions by the file's name of ids that are paths, with and without extension."""
        places: dict[str, list[int]] = {}
        for place, name in enumerate(self.ids):
            if "/" in name.replace("\\", "/"):
                for key in {_file(name), file_stem(name)}:
                    places.setdefault(key, []).append(place)
        return places


def parse_given(text: str) -> tuple[str, Path]:
    """Return name and path of a file of vectors, given as ``FILE`` or ``NAME=FILE``.

    Raises
    ------
    ConfigError
        If there is no name that a network may have.

    Examples
    --------
    >>> parse_given("derm=/data/vectors.npz")[0], parse_given("/data/dinov3.npz")[0]
    ('derm', 'dinov3')
    """
    named, equals, file = text.partition("=")
    if not equals or "/" in named or "\\" in named:
        named, file = "", text
    path = Path(file)
    name = named if named or text.startswith("=") else path.stem
    if not file or not _NAME.fullmatch(name):
        message = (
            f"--embeddings: expected FILE or NAME=FILE with a name of letters, digits and . _ -, got {text!r}"
        )
        raise ConfigError(f"{message}; give NAME={file or 'FILE'}")
    return name, path


def read_given(name: str, path: Path) -> GivenVectors:
    """Read a file of vectors; it is read once per process while it does not change.

    Raises
    ------
    InputError
        If it is not there, cannot be understood, or a vector is of another length, not finite, or an id has two.
    """
    if not path.is_file():
        raise InputError(
            f"--embeddings: expected a Parquet or npz file, got {path} (not a file); check the path"
        )
    state = path.stat()
    return _read(name, path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _read(name: str, path: Path, modified: int, size: int) -> GivenVectors:  # noqa: ARG001 - the cache's key
    content = read_given_file(path)
    ids, vectors = content.ids, content.vectors
    _require_ids(path, ids)
    with np.errstate(over="ignore"):
        narrow = np.ascontiguousarray(vectors, dtype=np.float32)
    bad = np.flatnonzero(~np.isfinite(narrow).all(axis=1))
    if len(bad):
        message = f"{path}: expected finite numbers in every vector, got NaN or infinite ones in {len(bad):,}"
        raise InputError(f"{message}: {_shown(ids, bad)}; correct them, or leave these vectors out")
    kept = _without_doubles(path, ids, narrow)
    return GivenVectors(name, path, tuple(ids[kept]), narrow[kept], content.licence, content.layout)


def _require_ids(path: Path, ids: "pd.Series[str]") -> None:
    missing = np.flatnonzero(ids.isna())
    if not len(ids) or len(missing):
        found = f"none in {name_rows(missing)}" if len(ids) else "no vector at all"
        raise InputError(f"{path}: expected an id for each vector, got {found}; write the file again")


def _without_doubles(path: Path, ids: "pd.Series[str]", vectors: Float32Array) -> npt.NDArray[np.bool_]:
    """Return which vectors are kept: each id once; the same vector twice is no contradiction."""
    first = ids.drop_duplicates()
    places = ids.map(dict(zip(first, first.index, strict=True))).to_numpy(np.int64)
    differing = np.flatnonzero((vectors != vectors[places]).any(axis=1))
    if len(differing):
        rows = sorted({*differing.tolist(), *places[differing].tolist()})
        message = f"{path}: expected one vector per id, got different ones for {ids.iloc[differing].nunique():,} ids"
        raise InputError(f"{message}: {_shown(ids, rows)}; leave one of each in the file")
    return ~ids.duplicated().to_numpy(np.bool_)


def _shown(ids: "pd.Series[str]", rows: Sequence[int] | IntArray) -> str:
    return list_some([f"{ids.iloc[row]!r} ({name_rows([row])})" for row in rows])


def _file(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


def _without_extension(name: str) -> str:
    whole, file = name, _file(name)
    return whole[: len(whole) - len(file)] + file_stem(file)
