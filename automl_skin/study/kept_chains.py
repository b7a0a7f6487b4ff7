"""The fitted chains of a study on disk: one folder per trial and fold, with the digest of every file in it."""

import os
import shutil
from pathlib import Path
from typing import Any

from automl_skin.chains.fitted import FittedChain
from automl_skin.digests import digest_file, digest_json
from automl_skin.errors import IntegrityError
from automl_skin.files import read_json, storage_errors, write_json
from automl_skin.study.study import Study

DIGESTS = "digests.json"


def chain_folder(study: Study, trial: int, fold: int) -> Path:
    """Return the folder of a fitted chain."""
    return study.chains / f"{trial:04d}-{fold}"


def keep_chain(chain: FittedChain, folder: Path) -> None:
    """Save a chain so that its folder is whole or absent."""
    temporary = folder.with_name(f".writing-{folder.name}-{os.getpid()}")
    with storage_errors(folder):
        shutil.rmtree(temporary, ignore_errors=True)
        chain.save(temporary)
        files = {name: digest_file(temporary / name) for name in _files(temporary)}
        write_json(temporary / DIGESTS, {"files": files, "digest": digest_json(files)})
        if folder.is_dir():
            shutil.rmtree(temporary)
        else:
            temporary.rename(folder)


def read_chain(study: Study, trial: int, fold: int) -> FittedChain:
    """Read a chain that `keep_chain` wrote.

    Raises
    ------
    IntegrityError
        If a file of it is gone, was changed or was added.
    """
    folder = chain_folder(study, trial, fold)
    path = folder / DIGESTS
    value: Any = read_json(path) if path.is_file() else {}
    files = value.get("files", {})
    wrong = [] if files and digest_json(files) == value.get("digest") else [DIGESTS]
    present = set(_files(folder))
    wrong += [name for name in files if name not in present or digest_file(folder / name) != files[name]]
    wrong += sorted(present - set(files))
    if wrong:
        message = (
            f"{folder / wrong[0]}: expected the file whose digest the chain has on record, got another or none. "
            "It was changed after it was written; delete the folder, and the chain is fitted again"
        )
        raise IntegrityError(message)
    return FittedChain.load(folder)


def _files(folder: Path) -> list[str]:
    paths = (path for path in folder.rglob("*") if path.is_file() and path != folder / DIGESTS)
    return sorted(path.relative_to(folder).as_posix() for path in paths)
