"""What is known about the images of one folder, kept on disk as one Parquet file."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from automl_skin.arrays import Float32Array, Pixels
from automl_skin.digests import digest_array, digest_bytes
from automl_skin.files import atomic_write
from automl_skin.images.fingerprint import FINGERPRINT_LENGTH, fingerprint

TYPES = {
    "path": "str",
    "size_bytes": "int64",
    "mtime_ns": "int64",
    "content": "str",
    "width": "int64",
    "height": "int64",
    "error": "str",
    "container": "str",
    "camera": "str",
    "software": "str",
    "taken": "str",
    "quantisation": "int64",
}
_LAYOUT = "2"


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in TYPES.items()})


def _no_fingerprints() -> Float32Array:
    return np.empty((0, FINGERPRINT_LENGTH), np.float32)


@dataclass(frozen=True)
class Known:
    """Rows about images, each path once.

    Parameters
    ----------
    table : DataFrame
        Columns as in `TYPES`, one row per image.
    fingerprints : ndarray of shape (n_images, FINGERPRINT_LENGTH)
        In the order of `table`; 0 for damaged images.
    """

    table: pd.DataFrame = field(default_factory=_no_rows)
    fingerprints: Float32Array = field(default_factory=_no_fingerprints)

    def take(self, paths: list[str]) -> "Known":
        """Return the rows of known paths, in that order."""
        rows = pd.Index(self.table["path"]).get_indexer(pd.Index(paths, dtype="str"))
        return Known(self.table.iloc[rows].reset_index(drop=True), self.fingerprints[rows])

    def updated(self, other: "Known") -> "Known":
        """Return these rows with those of `other` added or in their place."""
        kept = ~self.table["path"].isin(other.table["path"]).to_numpy()
        table = pd.concat([self.table[kept], other.table], ignore_index=True)
        return Known(table, np.concatenate([self.fingerprints[kept], other.fingerprints]))


def cache_file(cache_folder: Path, root: Path) -> Path:
    """Return where the rows about the images under `root` are kept."""
    return cache_folder / "inspections" / f"{digest_bytes(str(root.absolute()).encode())[:32]}.parquet"


def read_known(file: Path) -> Known:
    """Read what is known; a file that is missing, damaged or of another version counts as empty."""
    try:
        stored = pq.read_table(file, page_checksum_verification=True)
    except (FileNotFoundError, pa.ArrowInvalid, OSError):
        return Known()  # it can all be found out again
    is_ours = (stored.schema.metadata or {}).get(b"automl_skin") == _version()
    if not is_ours or stored.column_names != [*TYPES, "fingerprint"]:
        return Known()
    flat = stored["fingerprint"].combine_chunks()
    fingerprints = np.frombuffer(flat.buffers()[1], np.float32).reshape(-1, FINGERPRINT_LENGTH)
    return Known(stored.drop_columns("fingerprint").to_pandas().astype(TYPES), fingerprints[: len(stored)])


def write_known(file: Path, known: Known) -> None:
    """Write what is known, whole or not at all; raises `StorageError`."""
    stored = pa.Table.from_pandas(known.table, preserve_index=False)
    buffer = pa.py_buffer(np.ascontiguousarray(known.fingerprints))
    kind = pa.binary(4 * FINGERPRINT_LENGTH)
    column = pa.FixedSizeBinaryArray.from_buffers(kind, len(known.table), [None, buffer])
    stored = stored.append_column("fingerprint", column)
    stored = stored.replace_schema_metadata({b"automl_skin": _version()})
    with atomic_write(file) as temporary:
        pq.write_table(stored, temporary, compression="zstd", use_dictionary=False, write_page_checksum=True)


def _version() -> bytes:
    """Return what tells layouts of the file and ways to compute fingerprints apart, the latter by a probe."""
    probe: Pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    return f"{_LAYOUT}-{digest_array(fingerprint(probe))}".encode()
