"""Scoring a table of any length: part by part, each part kept, so that a killed run goes on.

Beside the output lies ``OUTPUT.parts/`` until all is done: one CSV file a part, and ``parts.json``, which says of which
bundle, table and wishes the parts are.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from automl_skin.data.table import read_table_in_parts
from automl_skin.digests import digest_file, digest_json
from automl_skin.errors import ConfigError, TableError
from automl_skin.export.bundle import bundle_digest
from automl_skin.export.predictor import Predictor
from automl_skin.files import atomic_write, read_json, write_json
from automl_skin.scoring.decide import Wishes, operating_point
from automl_skin.scoring.rows import folder_table, score_rows, understand_rows

ROWS = 512
"""Rows of a part."""


@dataclass(frozen=True)
class Job:
    """What is to be scored.

    Parameters
    ----------
    bundle : Path
    data : Path or None
        The table; None scores every image of the folder.
    images : Path
    output : Path
        A CSV file.
    wishes : Wishes
    roles : dict of str to str, or None
        Columns by role where they are not recognised.
    device : str
    """

    bundle: Path
    data: Path | None
    images: Path
    output: Path
    wishes: Wishes
    roles: dict[str, str] | None = None
    device: str = "auto"

    @property
    def digest(self) -> str:
        """Digest of what the scores depend on."""
        table = digest_file(self.data) if self.data else digest_json(list(folder_table(self.images)["image"]))
        wishes = asdict(self.wishes)
        return digest_json(
            [bundle_digest(self.bundle), table, str(self.images.absolute()), wishes, self.roles]
        )

    @property
    def parts(self) -> Path:
        """Folder of the finished parts."""
        return self.output.with_name(f"{self.output.name}.parts")


@dataclass(frozen=True)
class Summary:
    """What came of a job: rows in all, rows without a probability, and the first problems."""

    rows: int
    unscored: int
    problems: dict[str, str]


def score_table(
    job: Job, predictor: Predictor, progress: Callable[[int, int], None] | None = None
) -> Summary:
    """Score a table into ``job.output``.

    Raises
    ------
    TableError
        If the table is empty or an id is missing.
    StorageError
        If the output cannot be written; parts that are done are kept.
    """
    if predictor.facts.is_binary:
        operating_point(predictor.facts, job.wishes.sensitivity)
    elif job.wishes.prevalence is not None:
        raise ConfigError("--prevalence is of binary targets; this bundle has several classes")
    total = _count_rows(job)
    _begin(job)
    problems: dict[str, str] = {}
    done = 0
    for number, part in enumerate(_parts_of(job)):
        done += len(part)
        file = job.parts / f"{number:06d}.csv"
        if not file.is_file():
            manifest = understand_rows(part, job.images, predictor.facts, job.roles)
            scores, prediction = score_rows(predictor, part, manifest, job.wishes)
            problems |= prediction.problems
            with atomic_write(file) as path:
                scores.to_csv(path, index=False)
        if progress is not None:
            progress(done, total)
    if done == 0:
        raise TableError(f"the table {job.data} must hold at least one row and holds none")
    unscored = _join(job)
    return Summary(done, unscored, dict(list(problems.items())[:20]))


def _count_rows(job: Job) -> int:
    return sum(len(part) for part in _parts_of(job))


def _parts_of(job: Job) -> Iterator[pd.DataFrame]:
    """Yield the rows of a job in parts; a table whose cases have several rows comes whole."""
    if job.data is None:
        table = folder_table(job.images)
        yield from (table.iloc[start : start + ROWS] for start in range(0, len(table), ROWS))
        return
    case_column = (job.roles or {}).get("case")
    yield from read_table_in_parts(job.data, None if case_column else ROWS)


def _begin(job: Job) -> None:
    """Keep the parts of the same job, and clear away those of another."""
    mark = job.parts / "parts.json"
    if mark.is_file() and read_json(mark) == {"job": job.digest}:
        return
    shutil.rmtree(job.parts, ignore_errors=True)
    write_json(mark, {"job": job.digest})


def _join(job: Job) -> int:
    """Put the parts together, clear them away, and return how many rows have no probability."""
    unscored = 0
    files = sorted(job.parts.glob("*.csv"))
    with atomic_write(job.output) as path, path.open("w", encoding="utf-8", newline="") as output:
        for number, file in enumerate(files):
            with file.open(encoding="utf-8", newline="") as lines:
                header = next(lines)
                if number == 0:
                    output.write(header)
                shutil.copyfileobj(lines, output)
            scores = pd.read_csv(file, usecols=lambda name: name.startswith("probability"))
            unscored += int(scores.isna().any(axis=1).sum())
    shutil.rmtree(job.parts)
    return unscored
