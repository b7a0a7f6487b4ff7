"""The labels of the development cases: one file of a study, whose digest ``prepared.json`` has."""

from pathlib import Path

import pandas as pd

from automl_skin.data.record import read_labels, write_labels
from automl_skin.digests import digest_file
from automl_skin.errors import IntegrityError
from automl_skin.study.study import Study


def write_development_labels(study: Study, labels: pd.DataFrame) -> str:
    """Write a `Manifest.label_table` of the development cases, and return its digest."""
    write_labels(_file(study), labels)
    return digest_file(_file(study))


def read_development_labels(study: Study) -> pd.DataFrame:
    """Return what `write_development_labels` wrote.

    Raises
    ------
    IntegrityError
        If the file was changed.
    """
    path = _file(study)
    expected = study.prepared.read().labels
    if not path.is_file() or digest_file(path) != expected:
        message = (
            f"{path}: expected the digest {expected[:16]} that prepared.json records, got another file or "
            "none. It was changed after the study began; restore it, or begin another study"
        )
        raise IntegrityError(message)
    return read_labels(path)


def _file(study: Study) -> Path:
    return study.folder / "development_labels.parquet"
