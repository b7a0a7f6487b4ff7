"""Scoring a table of any length: part by part, each part kept, so that a killed run goes on.

Beside the output lies ``OUTPUT.parts/`` until all is done: two files a part (its scores as CSV, and which images
could not be used), and ``parts.json``, which says of which bundle, table and wishes the parts are.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from automl_skin.data.join import Tables, digest_tables, read_tables, table_paths
from automl_skin.data.locate import ImageIndex, index_images
from automl_skin.data.table import read_table_in_parts
from automl_skin.digests import digest_json
from automl_skin.errors import ConfigError, StorageError, TableError
from automl_skin.export.bundle import bundle_digest
from automl_skin.export.predictor import Predictor
from automl_skin.files import atomic_write, read_json, storage_errors, write_json
from automl_skin.scoring.decide import Wishes, operating_point
from automl_skin.scoring.rows import IMAGE_COLUMN, Reading, score_rows, understand_columns

ROWS = 256
"""Rows, or cases, of a part."""

ROW = "row of the table"

SHOWN = 20
"""Problems that a summary names."""


@dataclass(frozen=True)
class Job:
    """What is to be scored.

    Parameters
    ----------
    bundle : Path
    data : Path, sequence of Path or None
        The table, or several that are joined; none scores every image of the folder.
    images : Path
    output : Path
        A CSV file.
    wishes : Wishes
    roles : dict of str to str
        Columns by role where they are not recognised.
    device : str
    """

    bundle: Path
    data: Tables
    images: Path
    output: Path
    wishes: Wishes
    roles: dict[str, str] = field(default_factory=dict)
    device: str = "auto"

    @property
    def tables(self) -> tuple[Path, ...]:
        """Paths of the table, or of several; none for a folder of images."""
        return table_paths(self.data)

    @property
    def parts(self) -> Path:
        """Folder of the finished parts."""
        return self.output.with_name(f"{self.output.name}.parts")

    def digest(self, index: ImageIndex) -> str:
        """Return the digest of what the scores depend on."""
        table = digest_tables(self.tables) if self.tables else digest_json(list(index.paths))
        wishes = asdict(self.wishes)
        return digest_json([bundle_digest(self.bundle), table, str(index.root), wishes, self.roles, ROWS])


@dataclass(frozen=True)
class Summary:
    """What came of a job: rows in all, rows without a probability, the first problems, the images' column, notes."""

    rows: int
    unscored: int
    problems: dict[str, str]
    image_column: str = IMAGE_COLUMN
    notes: tuple[str, ...] = ()


def score_table(
    job: Job, predictor: Predictor, progress: Callable[[int, int], None] | None = None
) -> Summary:
    """Score a table into ``job.output``.

    Raises
    ------
    TableError
        If the table is empty, or an id is missing, leads out of the folder or names two images.
    ConfigError
        If the bundle cannot do what is wished for.
    StorageError
        If the output cannot be written; parts that are done are kept.
    """
    _check_wishes(job, predictor)
    index = index_images(job.images)
    table, notes = _whole(job)
    reading, total, padded = _look_through(job, index, predictor, table)
    if padded:
        notes = (
            *notes,
            f"{padded:,} ids lack the leading zeros of their files; matched to the one file of each",
        )
    _begin(job, index)
    done = 0
    for number, rows in enumerate(_parts_of(job, index, reading, table)):
        file = job.parts / f"{number:06d}.csv"
        if not file.is_file():
            scores, problems = score_rows(predictor, rows, reading, job.wishes)
            write_json(file.with_suffix(".json"), dict(list(problems.items())[:SHOWN]))
            with atomic_write(file) as path:
                scores.set_axis(rows.index).to_csv(path, index_label=ROW)
        done += len(rows)
        if progress is not None:
            progress(done, total)
    summary = _finish(job, in_order=reading.roles.case is None)
    return replace(summary, image_column=reading.roles.image, notes=notes)


def _check_wishes(job: Job, predictor: Predictor) -> None:
    """Refuse what would come to nothing only after hours."""
    if predictor.facts.is_binary:
        operating_point(predictor.facts, job.wishes.sensitivity)
    elif job.wishes.prevalence is not None:
        raise ConfigError("--prevalence is of binary targets; this bundle has several classes")
    if job.output.is_dir():
        raise StorageError(f"--output must be a CSV file; {job.output} is a folder: name a file in it")


def _whole(job: Job) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    """Return several tables joined, and how; None for one table, which is read in parts."""
    return read_tables(job.tables) if len(job.tables) > 1 else (None, ())


def _look_through(
    job: Job, index: ImageIndex, predictor: Predictor, table: pd.DataFrame | None
) -> tuple[Reading, int, int]:
    """Read the whole table once: its columns, its number of rows, how many ids lost their zeros.

    Raises
    ------
    TableError
        If a row cannot be scored whatever its image is.
    """
    reading, total, padded = None, 0, 0
    for rows in _read(job, index, table):
        reading = reading or understand_columns(rows, index, predictor.facts, job.roles)
        reading.check(rows)
        total += len(rows)
        padded += len(index.lost_zeros(rows[reading.roles.image]))
    if reading is None:
        what = (
            f"the table {job.tables[0]} must hold at least one row"
            if job.tables
            else f"{index.root} must hold an image"
        )
        raise TableError(f"{what} and holds none; check the path")
    return reading, total, padded


def _read(job: Job, index: ImageIndex, table: pd.DataFrame | None) -> Iterator[pd.DataFrame]:
    """Yield the rows of a job, a few at a time; `table` holds them where they were read as a whole."""
    if table is not None:
        yield from (table.iloc[start : start + ROWS] for start in range(0, len(table), ROWS))
        return
    if job.tables:
        yield from read_table_in_parts(job.tables[0], ROWS)
        return
    for start in range(0, len(index.paths), ROWS):
        paths = index.paths[start : start + ROWS]
        yield pd.DataFrame({IMAGE_COLUMN: paths}, index=range(start, start + len(paths)), dtype="str")


def _parts_of(
    job: Job, index: ImageIndex, reading: Reading, table: pd.DataFrame | None
) -> Iterator[pd.DataFrame]:
    """Yield the rows of a job in parts; the rows of a case are in one part, wherever they stand."""
    if reading.roles.case is None or not job.tables:
        yield from _read(job, index, table)
        return
    if table is None:  # the text of a table is small beside its images, which are streamed all the same
        table, _ = read_tables(job.tables)
    order, _ = pd.factorize(reading.cases(table))
    for first in range(0, int(order.max()) + 1, ROWS):
        yield table[(order >= first) & (order < first + ROWS)]


def _begin(job: Job, index: ImageIndex) -> None:
    """Keep the parts of the same job, and clear away those of another."""
    mark, digest = job.parts / "parts.json", job.digest(index)
    if mark.is_file() and read_json(mark) == {"job": digest}:
        return
    with storage_errors(job.parts):
        shutil.rmtree(job.parts, ignore_errors=True)
        write_json(mark, {"job": digest})


def _finish(job: Job, *, in_order: bool) -> Summary:
    """Put the parts together, clear them away, and say what came of it."""
    files = sorted(job.parts.glob("*.csv"))
    parts: Iterable[pd.DataFrame] = map(_read_part, files)
    if not in_order:  # rows of a case stood apart
        parts = [pd.concat(parts).sort_index()]
    n_rows, n_unscored = 0, 0
    with atomic_write(job.output) as path, path.open("w", encoding="utf-8", newline="") as output:
        for number, part in enumerate(parts):
            part.to_csv(output, index=False, header=number == 0)
            n_rows += len(part)
            n_unscored += int((part.filter(regex="^probability") == "").any(axis=1).sum())
    problems: dict[str, str] = {}
    for file in files:
        of_part: Any = read_json(file.with_suffix(".json"))
        problems |= of_part if len(problems) < SHOWN else {}
    shutil.rmtree(job.parts)
    return Summary(n_rows, n_unscored, dict(list(problems.items())[:SHOWN]))


def _read_part(file: Path) -> pd.DataFrame:
    """Return the scores of a part as text, by row of the table."""
    part = pd.read_csv(file, dtype="str", keep_default_na=False)
    rows = part.pop(ROW).astype("int64")
    return part.set_axis(pd.Index(rows))
