"""Scoring a table of any length: part by part, each part kept, so that a killed run resumes.

A part that is kept is used again only for the same bytes of the same photographs, the same table, bundle, options and
columns, and by the same version of the program; see `automl_skin.scoring.parts`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pandas as pd

from automl_skin.data.join import Tables, digest_tables, read_tables, table_paths
from automl_skin.data.locate import ImageIndex, index_images
from automl_skin.data.published import as_parts_of_photographs
from automl_skin.data.table import read_table_in_parts
from automl_skin.digests import Json, digest_json
from automl_skin.errors import ConfigError, TableError
from automl_skin.export.bundle import bundle_digest
from automl_skin.export.predictor import Predictor
from automl_skin.scoring.columns import describe_columns
from automl_skin.scoring.decide import ScoringOptions, operating_point
from automl_skin.scoring.explained import require_explainable, split_off, write_explained
from automl_skin.scoring.heat_pictures import HeatPictures, Pictures
from automl_skin.scoring.outputs import Beside, require_new_file, require_new_folder, require_own_scores
from automl_skin.scoring.parts import Digester, Parts
from automl_skin.scoring.rows import IMAGE_COLUMN, Reading, score_rows, understand_columns
from automl_skin.scoring.scores_file import FLAGS, is_probability, require_format, write_scores
from automl_skin.scoring.vectors import NeededVectors, read_needed
from automl_skin.version import __version__

ROWS = 256
"""Rows, or cases, of a part."""

SHOWN = 20
"""Problems that a summary names."""


@dataclass(frozen=True)
class Job:
    """What is to be scored.

    Parameters
    ----------
    data : Path, sequence of Path or None
        The table, or several that are joined; none scores every image of the folder.
    output : Path
        A CSV file, or Parquet by its suffix.
    images : Path or None
        Folder of the photographs; None where none are given.
    roles : dict of str to str
        Columns by role where they are not recognised.
    beside : Beside
        What is written as well.
    embeddings : tuple of str
        Files of given vectors, ``FILE`` or ``NAME=FILE``.
    """

    bundle: Path
    data: Tables
    images: Path | None
    output: Path
    options: ScoringOptions
    roles: dict[str, str] = field(default_factory=dict)
    device: str = "auto"
    beside: Beside = field(default_factory=Beside)
    embeddings: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[Path, ...]:
        """Paths of the table, or of several; none for a folder of images."""
        return table_paths(self.data)

    @property
    def parts(self) -> Parts:
        """The finished parts."""
        return Parts(self.output.with_name(f"{self.output.name}.parts"))

    def digest(self, index: ImageIndex, reading: Reading, device: str) -> str:
        """Return the digest of what the scores depend on, the photographs excepted."""
        table = digest_tables(self.tables) if self.tables else digest_json(list(index.paths))
        options = asdict(self.options)
        roles: dict[str, Json] = {**reading.roles.by_role}
        heat = "" if self.beside.heat is None else str(self.beside.heat.absolute())
        vectors: list[Json] = [each.vectors.digest for each in reading.needed]
        inputs: list[Json] = [
            bundle_digest(self.bundle),
            table,
            str(index.root),
            options,
            roles,
            heat,
            vectors,
        ]
        return digest_json([*inputs, __version__, device, ROWS])


@dataclass(frozen=True)
class Summary:
    """What came of a job.

    Parameters
    ----------
    unscored : int
        Rows without a probability.
    problems : dict of str to str
        The first images that could not be used, and why.
    notes : tuple of str
        Which columns served as what, and what the table lacks.
    flags : dict of str to int
        Rows by flag, the most frequent first.
    pictures : Pictures or None
        Of heat, where they were asked for.
    heat : str
        What the pictures speak for, in words.
    """

    rows: int
    unscored: int
    problems: dict[str, str]
    image_column: str = IMAGE_COLUMN
    case_column: str | None = None
    notes: tuple[str, ...] = ()
    flags: dict[str, int] = field(default_factory=dict)
    pictures: Pictures | None = None
    heat: str = ""


def score_table(
    job: Job,
    predictor: Predictor,
    progress: Callable[[int, int], None] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Summary:
    """Score a table into ``job.output``.

    Parameters
    ----------
    progress : callable, optional
        Called with the rows that are done, and all.
    tell : callable, optional
        Told the notes of the summary before anything is scored.

    Raises
    ------
    TableError
        If the table is empty, or an id is missing, leads out of the folder or names two images.
    ConfigError
        If the bundle cannot do what is wished for.
    StorageError
        If the output is somebody else's or cannot be written; parts that are done are kept.
    """
    pictures = _check_options(job, predictor)
    index = index_images(job.images if predictor.facts.photographs else None)
    needed, notes_of_vectors = read_needed(job.embeddings, predictor.facts)
    # several tables are joined as a whole, a single one is read in parts
    table, notes = read_tables(job.tables) if len(job.tables) > 1 else (None, ())
    reading, total, padded = _look_through(job, index, predictor, table, needed)
    notes = (*notes, *notes_of_vectors)
    if job.images is not None and not predictor.facts.photographs:
        notes = (*notes, "--images is not used: the bundle sees no photographs")
    if padded:
        notes = (
            *notes,
            f"{padded:,} ids lack the leading zeros of their files; matched to the one file of each",
        )
    if job.tables:
        notes = (*notes, *describe_columns(next(_read(job, index, table)), reading.roles, predictor.facts))
    if tell is not None:
        for note in notes:
            tell(note)
    _begin(job, job.digest(index, reading, str(predictor.device)))
    done = 0

    def tell_rows(n_rows: int) -> None:
        if progress is not None:
            progress(done + n_rows, total)

    for number, rows in enumerate(_parts_of(job, index, reading, table)):
        if not job.parts.is_done(number, reading.photographs(rows), job.beside.heat):
            digester = Digester()
            scores, prediction = score_rows(predictor, rows, reading, job.options, digester.watch)
            drawn = (
                pictures.draw_rows(rows, reading, scores, prediction, tell_rows) if pictures else Pictures()
            )
            first = dict(list(prediction.problems.items())[:SHOWN])
            job.parts.write(number, scores.set_axis(rows.index), digester.digest(), first, asdict(drawn))
        tell_rows(len(rows))
        done += len(rows)
    summary = _finish(job, in_order=reading.roles.case is None)
    said = pictures.shares.in_words() if pictures else ""
    roles = reading.roles
    return replace(summary, image_column=roles.image, case_column=roles.case, notes=notes, heat=said)


def _begin(job: Job, digest: str) -> None:
    """Keep the parts of the same job, whose pictures are kept as well; else their folder must be empty.

    Raises
    ------
    StorageError
    """
    beside = job.beside
    if beside.heat is not None and not job.parts.is_begun(digest):
        written = {"--output": job.output, "--explain": beside.explained}
        inputs = [(option, path) for option, path in written.items() if path is not None]
        others = [each for each in (job.bundle, job.images) if each is not None]
        require_new_folder(beside.heat, "--heat", inputs, others)
    job.parts.begin(digest)


def _check_options(job: Job, predictor: Predictor) -> HeatPictures | None:
    """Refuse what would come to nothing only after hours; return what draws pictures, where they are asked for."""
    if predictor.facts.photographs and job.images is None:
        raise ConfigError(
            "--images: expected the folder of the photographs, which the bundle sees, got none; give --images FOLDER"
        )
    if not predictor.facts.photographs and not job.tables:
        raise ConfigError(
            "--data: expected a table, since the bundle sees no photographs, got none; give --data"
        )
    if predictor.facts.is_binary:
        operating_point(predictor.facts, job.options.sensitivity)
    elif job.options.prevalence is not None:
        raise ConfigError("--prevalence: expected a bundle of a binary target, got one of several classes")
    require_format(job.output)
    require_own_scores(job.output, [("--data", path) for path in job.tables], job.bundle)
    explained, heat = job.beside.explained, job.beside.heat
    if explained is not None:
        require_explainable(predictor, explained)
        inputs = [*(("--data", path) for path in job.tables), ("--output", job.output)]
        require_new_file(explained, "--explain", inputs, job.bundle)
    job.parts.require_own()
    return None if heat is None else HeatPictures(heat, predictor)


def _look_through(
    job: Job,
    index: ImageIndex,
    predictor: Predictor,
    table: pd.DataFrame | None,
    needed: tuple[NeededVectors, ...],
) -> tuple[Reading, int, int]:
    """Read the whole table once: its columns, its number of rows, how many ids lost their zeros.

    Raises
    ------
    TableError
        If a row cannot be scored whatever its image is.
    """
    reading, total, padded = None, 0, 0
    for rows in _read(job, index, table):
        reading = reading or understand_columns(rows, index, predictor.facts, job.roles, needed)
        reading.check(rows)
        total += len(rows)
        padded += len(index.lost_zeros(rows[reading.roles.image])) if index.is_folder else 0
    if reading is None:
        where, what = (job.tables[0], "row") if job.tables else (index.root, "image")
        raise TableError(f"{where}: expected at least one {what}, got none; check the path")
    return reading, total, padded


def _read(job: Job, index: ImageIndex, table: pd.DataFrame | None) -> Iterator[pd.DataFrame]:
    """Yield the rows of a job, a few at a time; `table` holds them where they were read as a whole."""
    if table is not None:
        yield from (table.iloc[start : start + ROWS] for start in range(0, len(table), ROWS))
        return
    if job.tables:
        yield from as_parts_of_photographs(read_table_in_parts(job.tables[0], ROWS))
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


def _finish(job: Job, *, in_order: bool) -> Summary:
    """Put the parts together, clear them away, and say what came of it."""
    n_rows, n_unscored = 0, 0
    flags: Counter[str] = Counter()
    problems: dict[str, str] = {}

    def counted() -> Iterator[pd.DataFrame]:
        nonlocal n_rows, n_unscored
        for part, of_part in job.parts.read():
            probabilities = part[[name for name in part if is_probability(name)]]
            n_rows += len(part)
            n_unscored += int((probabilities == "").any(axis=1).sum())
            flags.update(flag for row in part[FLAGS] for flag in row.split(";") if flag)
            problems.update(of_part if len(problems) < SHOWN else {})
            yield split_off(part)[0]

    def ordered(rows: Iterator[pd.DataFrame]) -> Iterable[pd.DataFrame]:
        return rows if in_order else [pd.concat(rows).sort_index()]  # rows of a case may stand apart

    write_scores(job.output, ordered(counted()))
    if job.beside.explained is not None:
        write_explained(job.beside.explained, ordered(split_off(part)[1] for part, _ in job.parts.read()))
    pictures = None if job.beside.heat is None else Pictures.together(job.parts.pictures())
    job.parts.clear()
    first = dict(list(problems.items())[:SHOWN])
    return Summary(n_rows, n_unscored, first, flags=dict(flags.most_common()), pictures=pictures)
