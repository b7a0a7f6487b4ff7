"""A folder of pictures that is made after the search has ended, shown in the study's parent run."""

from collections.abc import Callable
from pathlib import Path

from automl_skin.tracking.parent import find_parent
from automl_skin.tracking.runs import runs_of_study
from automl_skin.tracking.store import FAILURES, open_store


def log_pictures(
    uri: str,
    artifacts: Path,
    study: tuple[str, str],
    folder: Path,
    name: str,
    say: Callable[[str], None],
) -> bool:
    """Write a folder's files as artefacts of a study's parent run; return whether there is one and it was written.

    Parameters
    ----------
    artifacts : Path
        Folder of the artefacts of a SQLite store.
    study : tuple of str
        Name and digest, as the runs have them.
    name : str
        Of the artefacts' folder.
    say : callable
        Takes one line for the user, if the store cannot be written.
    """
    try:
        store = open_store(uri, study[0], artifacts)
        parent = find_parent(runs_of_study(store, study[1]))
        if parent is not None:
            store.client.log_artifacts(parent.info.run_id, str(folder), name)
    except FAILURES as error:
        say(f"MLflow could not be written ({error}); the pictures lie in {folder}")
        return False
    return parent is not None
