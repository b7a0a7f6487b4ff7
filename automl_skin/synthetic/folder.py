"""Folders of synthetic studies: made once, whole or absent, and never taken for one of other arguments.

::

    <folder>/
      metadata.csv    what a clinic would hand over; no oracle column
      images/         <image_id>.jpg
      oracle.csv      the latent factors and the true risk; for evaluation only
      oracle.json     arguments and oracle AUCs; written with the folder, so that it marks completeness
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock
from sklearn.metrics import roc_auc_score

from automl_skin.arrays import BoolArray, FloatArray
from automl_skin.errors import ConfigError, StorageError
from automl_skin.files import read_json, storage_errors, write_json

TABLE_NAME, IMAGES_NAME, ORACLE_NAME, COMPLETE_NAME = "metadata.csv", "images", "oracle.csv", "oracle.json"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SyntheticStudy:
    """Where a synthetic study lies, and the AUC of each part of its true risk (``image``, ``metadata``, ``both``)."""

    table: Path
    images: Path
    oracle: Path
    oracle_auc: dict[str, float]


def make_once(
    folder: Path, arguments: Mapping[str, int], draw: Callable[[Path], Mapping[str, Any]]
) -> SyntheticStudy:
    """Have a folder hold the study of some arguments.

    The study is drawn into a folder beside `folder` and moved into its place when it is whole, so a killed run leaves
    nothing that could be taken for a study, and the next one starts afresh. Two processes that ask for the same folder
    wait for each other.

    Parameters
    ----------
    folder : Path
        Absent, empty, or a study of the same arguments.
    arguments : mapping
        What decides the study; ``n_lesions`` among them.
    draw : callable
        Given a folder with an empty folder of images, writes the study into it and returns what the record says of it.

    Raises
    ------
    ConfigError
        If there is no lesion to draw, or `folder` holds a study of other arguments.
    StorageError
        If `folder` holds anything else, or cannot be written.
    """
    if arguments["n_lesions"] < 1:
        raise ConfigError(f"a synthetic study: expected at least 1 lesion, got {arguments['n_lesions']}")
    folder = Path(folder).absolute()
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f".{folder.name}.lock"):
            if not _is_complete(folder, arguments):
                _make(folder, arguments, draw)
    auc = dict(_read_record(folder)["oracle_auc"])
    return SyntheticStudy(folder / TABLE_NAME, folder / IMAGES_NAME, folder / ORACLE_NAME, auc)


def oracle_auc(malignant: BoolArray, scores: Mapping[str, FloatArray]) -> dict[str, float]:
    """Return the AUC of each score; nothing if all cases are of one class.

    The image and the metadata score are each monotone in the risk given that part alone, so their AUC is the best that
    a model of that part can reach on average over studies; on one sample luck may beat it.
    """
    if malignant.all() or not malignant.any():
        return {}
    return {name: float(roc_auc_score(malignant, values)) for name, values in scores.items()}


def _is_complete(folder: Path, arguments: Mapping[str, int]) -> bool:
    """Tell whether `folder` holds the study asked for; raise if it holds something else."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    if not (folder / COMPLETE_NAME).is_file():
        raise StorageError(
            f"{folder}: expected no folder or an empty one, got other files; choose another folder"
        )
    found = _read_record(folder)["arguments"]
    if found != arguments:
        raise ConfigError(
            f"{folder}: expected the synthetic study of {dict(arguments)}, got that of {found}; "
            "choose another folder or delete it"
        )
    return True


def _make(folder: Path, arguments: Mapping[str, int], draw: Callable[[Path], Mapping[str, Any]]) -> None:
    unfinished = folder.parent / f".{folder.name}.unfinished"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    (unfinished / IMAGES_NAME).mkdir(parents=True)
    write_json(unfinished / COMPLETE_NAME, {"arguments": dict(arguments), **draw(unfinished)})
    unfinished.replace(folder)


def _read_record(folder: Path) -> dict[str, Any]:
    record = read_json(folder / COMPLETE_NAME)
    assert isinstance(record, dict)
    return record
