"""Curation of tables and their images into a folder: the curated table, the record of every change, and a report.

Files of the folder::

    curated.csv    the rows that stayed: their columns, the target `melanoma`, and `split` where there is one
    features.csv   image, target, sex, age and one-hot site: the vector of the paper
    record.csv     every row that was dropped and every value that was changed: at which step, and why
    report.md      counts after each step, beside the paper's
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from automl_skin.data.locate import ImageIndex, index_images
from automl_skin.data.table import (
    blank_missing,
    canonical_text,
    id_text,
    read_table,
    require_column,
    with_decimal_points,
)
from automl_skin.digests import digest_file
from automl_skin.errors import ConfigError, StorageError, TableError
from automl_skin.files import atomic_write, write_text
from automl_skin.papers.curation.curate import Curated, Uncurated, curate, row_index
from automl_skin.papers.curation.duplicates import find_image_columns, image_id, read_list
from automl_skin.papers.curation.ledger import ROW
from automl_skin.papers.curation.report import PublishedCount, compare, write_report
from automl_skin.papers.curation.rules import SPLIT, TARGET, TEST, TRAIN, CurationJob
from automl_skin.steps.events import Listener, start_progress

_TRAIN_WORDS = frozenset({"train", "training", "development"})
_TEST_WORDS = frozenset({"test", "valid", "val", "validation", "locked", "holdout"})


@dataclass(frozen=True)
class CurationOutcome:
    """A curated table, and the paper's counts beside its own."""

    curated: Curated
    comparisons: tuple[PublishedCount, ...]


def curate_files(job: CurationJob, tell: Listener) -> CurationOutcome:
    """Curate tables into ``job.output``.

    Raises
    ------
    TableError, ConfigError
        If tables or lists cannot be used; nothing is written then.
    StorageError
        If the folder cannot be written.
    """
    if job.output.exists() and not job.output.is_dir():
        raise StorageError(f"--output: expected a folder, got a file ({job.output}); choose another name")
    given = read_tables(job, tell)
    curated = curate(given, job.rules, impute=job.impute, only_with_image=job.only_with_image)
    comparisons = compare(given.table, curated.ledger, job.rules)
    write(job.output, curated, comparisons)
    return CurationOutcome(curated, comparisons)


def read_tables(job: CurationJob, tell: Listener) -> Uncurated:
    """Read tables, lists and the digests of the images."""
    table = _with_split(job, _stacked((*job.data, *job.held_out)))
    index = index_images(job.images) if job.images is not None else None
    column = _image_column(table, index, job.image_column)
    images = _ids(table, column)
    contents = None if index is None else _digests(table[column], index, tell)
    lists = tuple(entry for path in job.duplicates for entry in read_list(path))
    if not job.against:
        return Uncurated(table, images, contents, lists)
    reference = _stacked(job.against)
    own = _image_column(reference, index, job.image_column)
    known = None if index is None else _digests(reference[own], index, tell)
    return Uncurated(table, images, contents, lists, _ids(reference, own), known)


def write(folder: Path, curated: Curated, comparisons: Sequence[PublishedCount]) -> None:
    """Write table, features, record and report."""
    table, images = curated.ledger.table, curated.ledger.images
    _write_csv(folder / "curated.csv", table.reset_index(drop=True).convert_dtypes())
    if curated.features is not None:
        ids = pd.DataFrame({"image": images.loc[table.index], TARGET: table[TARGET]})
        split = table[[SPLIT]] if SPLIT in table else table[[]]
        _write_csv(folder / "features.csv", pd.concat([ids, split, curated.features], axis=1))
    _write_csv(folder / "record.csv", curated.ledger.record)
    write_text(folder / "report.md", write_report(curated, comparisons))


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    with atomic_write(path) as temporary:
        table.to_csv(temporary, index=False)


def _stacked(paths: Sequence[Path]) -> pd.DataFrame:
    """Return tables below each other, by name and row."""
    if not paths:
        raise ConfigError("expected a table to curate, got none; give --data TABLE")
    tables = [blank_missing(with_decimal_points(read_table(path))) for path in paths]
    return pd.concat(
        [table.set_axis(row_index(path.name, len(table))) for path, table in zip(paths, tables, strict=True)]
    )


def _with_split(job: CurationJob, table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with ``train`` and ``test`` in a column of its own, where there is a split."""
    if job.held_out:
        names = {path.name for path in job.held_out}
        held_out = table.index.get_level_values(ROW[0]).isin(names)
        return table.assign(**{SPLIT: pd.Series(held_out, index=table.index).map({True: TEST, False: TRAIN})})
    if not job.split:
        return table.drop(columns=[name for name in (SPLIT,) if name in table])
    words = canonical_text(table[require_column(table, job.split, "--split")]).str.lower()
    strange = ~words.isin(_TRAIN_WORDS | _TEST_WORDS)
    if strange.any():
        name, row = table.index[strange][0]
        known = ", ".join(sorted(_TRAIN_WORDS | _TEST_WORDS))
        raise TableError(
            f"--split: expected words of {known}, got {int(strange.sum())} others "
            f"(first {name}, row {row}: {words[strange].iloc[0]!r}); correct them"
        )
    return table.assign(**{SPLIT: words.isin(_TEST_WORDS).map({True: TEST, False: TRAIN})})


def _image_column(table: pd.DataFrame, index: ImageIndex | None, given: str) -> str:
    """Return the column of the image: as given, by what is in the folder, by its usual names."""
    if given:
        return require_column(table, given, "--image-column")
    named = find_image_columns(table)
    if not named:
        shown = ", ".join(map(str, table.columns))
        raise TableError(f"expected a column of image ids, got {shown}; give --image-column")
    if index is None:
        return named[0]
    hits = {name: index.count(table[name]) for name in named}
    return max(named, key=lambda name: hits[name])


def _ids(table: pd.DataFrame, column: str) -> "pd.Series[str]":
    """Return the archive's image id of each row."""
    names = id_text(table[column])
    return names.map(image_id, na_action="ignore")


def _digests(names: "pd.Series[str]", index: ImageIndex, tell: Listener) -> "pd.Series[str]":
    """Return the digest of each row's image, NA where it is not in the folder."""
    paths = index.locate(names)
    wanted = list(paths.dropna().unique())
    progress = start_progress(tell, "Reading images")
    digests = {}
    for number, path in enumerate(wanted, start=1):
        digests[path] = digest_file(index.root / path)
        progress(number, len(wanted))
    return paths.map(digests)
