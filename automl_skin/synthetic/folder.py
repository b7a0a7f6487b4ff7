"""Folders of synthetic studies: made once, whole or absent, and never taken for one of other arguments."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from automl_skin.errors import ConfigError, StorageError
from automl_skin.files import read_json, storage_errors, write_json

COMPLETE_NAME = "oracle.json"
"""Arguments and oracle AUCs; written with the folder, so that it marks completeness."""


def made_once(
    folder: Path, arguments: Mapping[str, Any], draw: Callable[[Path], Mapping[str, Any]]
) -> dict[str, Any]:
    """Have a folder hold the study of some arguments, and return its record.

    The study is drawn into a folder beside `folder` and moved into its place when it is whole, so a killed
    run leaves nothing that could be taken for a study, and the next one starts afresh. Two processes that ask
    for the same folder wait for each other.

    Parameters
    ----------
    folder : Path
        Absent, empty, or a study of the same arguments.
    arguments : mapping
        What decides the study.
    draw : callable
        Given an empty folder, writes the study into it and returns what the record says of it.

    Raises
    ------
    ConfigError
        If `folder` holds a study of other arguments.
    StorageError
        If `folder` holds anything else, or cannot be written.
    """
    folder = Path(folder).absolute()
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f".{folder.name}.lock"):
            if not _is_complete(folder, arguments):
                _make(folder, arguments, draw)
    return _record(folder)


def _is_complete(folder: Path, arguments: Mapping[str, Any]) -> bool:
    """Tell whether `folder` holds the study asked for; raise where it holds something else."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    if not (folder / COMPLETE_NAME).is_file():
        message = f"{folder} must be absent or empty and holds other files; choose another folder"
        raise StorageError(message)
    found = _record(folder)["arguments"]
    if found != arguments:
        message = (
            f"{folder} holds a synthetic study of {found}, not of {dict(arguments)}; "
            "choose another folder or delete it"
        )
        raise ConfigError(message)
    return True


def _make(folder: Path, arguments: Mapping[str, Any], draw: Callable[[Path], Mapping[str, Any]]) -> None:
    unfinished = folder.parent / f".{folder.name}.unfinished"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir()
    write_json(unfinished / COMPLETE_NAME, {"arguments": dict(arguments), **draw(unfinished)})
    unfinished.replace(folder)


def _record(folder: Path) -> dict[str, Any]:
    record = read_json(folder / COMPLETE_NAME)
    assert isinstance(record, dict)
    return record
