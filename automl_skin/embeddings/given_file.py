"""Reading ids and vectors from Parquet and npz, and saying which columns or entries were taken for what."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_skin.arrays import IntArray
from automl_skin.data.headers import normal_name
from automl_skin.data.roles import ROLES
from automl_skin.data.table import id_text, name_rows
from automl_skin.data.wording import list_some
from automl_skin.errors import InputError

PARQUET = {".parquet", ".pq"}
LICENCE = ("licence", "license")
IDS, VECTORS = "ids", "vectors"

Numbers = npt.NDArray[Any]


@dataclass(frozen=True)
class GivenFile:
    """What a file of vectors holds.

    Parameters
    ----------
    ids : Series of str, of shape (n_vectors,)
        As they stand, NA where there is none.
    vectors : ndarray of shape (n_vectors, n_dimensions)
    licence : str
        Empty where the file does not say it.
    layout : str
        What was taken for ids and vectors, in words.
    """

    ids: "pd.Series[str]"
    vectors: Numbers
    licence: str
    layout: str


def read_given_file(path: Path) -> GivenFile:
    """Read a file of vectors.

    Raises
    ------
    InputError
        If it is neither of the forms, or its vectors are not of one length.
    """
    suffix = path.suffix.lower()
    if suffix in PARQUET:
        return _read_parquet(path)
    if suffix == ".npz":
        return _read_npz(path)
    raise InputError(f"{path}: expected a file of vectors, .parquet or .npz, got {suffix or 'no suffix'!r}")


def _read_npz(path: Path) -> GivenFile:
    wanted = f"an npz file with {IDS!r} (text) and {VECTORS!r} (ids x numbers)"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            entries = {name: archive[name] for name in archive.files if name in {IDS, VECTORS, *LICENCE}}
            found = ", ".join(archive.files) or "none"
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        hint = "write ids with dtype=str, not as objects" if "pickle" in str(error) else "write it again"
        raise InputError(f"{path}: expected {wanted}, got another file ({error}); {hint}") from error
    if IDS not in entries or VECTORS not in entries:
        raise InputError(f"{path}: expected {wanted}, got the entries {found}; name them so")
    ids, vectors = entries[IDS], entries[VECTORS]
    if ids.ndim != 1 or vectors.ndim != 2 or len(ids) != len(vectors) or vectors.dtype.kind not in "fiu":
        shapes = f"{IDS} of shape {ids.shape} and {VECTORS} of shape {vectors.shape}, {vectors.dtype}"
        raise InputError(f"{path}: expected {wanted}, got {shapes}; write one id per row of vectors")
    if ids.dtype.kind == "S":
        ids = np.char.decode(ids, "utf-8")
    licence = next((str(entries[name]).strip() for name in LICENCE if name in entries), "")
    return GivenFile(id_text(pd.Series(ids)), vectors, licence, f"entries {IDS!r} and {VECTORS!r}")


def _read_parquet(path: Path) -> GivenFile:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: not a Parquet file that can be read ({error}); write it again") from error
    about = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    licence = next((about[name].strip() for name in LICENCE if name in about), "")
    fields = {field.name: field.type for field in table.schema}
    lists = [name for name, kind in fields.items() if _is_list(kind)]
    if len(lists) > 1:
        message = f"{path}: expected one column of lists, the vectors, got {list_some(lists)}"
        raise InputError(f"{message}; leave the others out of the file")
    id_column = _id_column(path, {name: kind for name, kind in fields.items() if name not in lists}, lists)
    ids = id_text(table.column(id_column).to_pandas()).reset_index(drop=True)
    if lists:
        vectors = _stack(path, ids, table.column(lists[0]))
        return GivenFile(ids, vectors, licence, f"columns {id_column!r} and {lists[0]!r}, of lists")
    columns = [name for name in fields if name != id_column]
    vectors = np.column_stack([table.column(name).to_pandas().to_numpy(np.float64) for name in columns])
    return GivenFile(ids, vectors, licence, f"column {id_column!r} and {len(columns):,} columns of numbers")


def _is_number(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_floating(kind) or types.is_integer(kind))


def _is_list(kind: Any) -> bool:
    from pyarrow import types

    is_list = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return bool(is_list) and _is_number(kind.value_type)


def _id_column(path: Path, fields: dict[str, Any], lists: list[str]) -> str:
    """Return the column of ids: the only one beside lists, else the only text, else the only one named like ids.

    Raises
    ------
    InputError
        If none is, or there are columns that are neither ids nor numbers.
    """
    known = {*ROLES["image"].names, *ROLES["case"].names, "ids"}
    texts = [name for name, kind in fields.items() if not _is_number(kind)]
    named = [name for name in fields if normal_name(name) in known]
    for candidates in (list(fields) if lists else [], texts, named):
        if len(candidates) == 1 and (lists or len(fields) > 1) and set(texts) <= {*candidates, *lists}:
            return candidates[0]
    if lists and len(named) == 1:
        return named[0]
    message = f"{path}: expected one column of ids, and one of lists or columns of numbers alone"
    raise InputError(
        f"{message}, got {list_some(fields, 8) or 'no others'}; leave other columns out of the file"
    )


def _stack(path: Path, ids: "pd.Series[str]", column: Any) -> Numbers:
    """Return a column of lists as one array.

    Raises
    ------
    InputError
        If a list is missing, or longer or shorter than most are.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    lengths: IntArray = pc.list_value_length(whole).to_pandas().fillna(-1).to_numpy(np.int64)
    usual = int(np.bincount(lengths[lengths >= 0]).argmax()) if (lengths >= 0).any() else 0
    other = np.flatnonzero(lengths != usual)
    if len(other) or not usual:
        shown = list_some(
            [f"{ids.iloc[row]!r} ({name_rows([row])}, {max(lengths[row], 0)})" for row in other.tolist()]
        )
        message = f"{path}: expected vectors of one length ({usual:,} numbers, as most have)"
        raise InputError(f"{message}, got other lengths for {len(other):,}: {shown}; correct them")
    numbers = pc.list_flatten(whole).to_numpy(zero_copy_only=False)
    return np.asarray(numbers).reshape(len(ids), usual)
