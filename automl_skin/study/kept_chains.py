"""The fitted chains of a study on disk: one folder per trial and fold, with the digest of every file in it."""

import os
import shutil
from pathlib import Path

from automl_skin.chains.fitted import FittedChain
from automl_skin.files import storage_errors
from automl_skin.store.folder_digests import verify_folder, write_digests
from automl_skin.study.study import Study


def chain_folder(study: Study, trial: int, fold: int) -> Path:
    """Return the folder of a fitted chain."""
    return study.chains / f"{trial:04d}-{fold}"


def keep_chain(chain: FittedChain, folder: Path) -> None:
    """Save a chain so that its folder is whole or absent."""
    temporary = folder.with_name(f".writing-{folder.name}-{os.getpid()}")
    with storage_errors(folder):
        shutil.rmtree(temporary, ignore_errors=True)
        chain.save(temporary)
        write_digests(temporary)
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
    verify_folder(folder, "delete the folder, and the chain is fitted again")
    return FittedChain.load(folder)
