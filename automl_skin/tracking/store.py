"""The tracking store: its place, its making, and what its failures look like."""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic.util import CommandError
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from automl_skin.tracking.place import (
    STORE_FOLDER,
    database_of,
    folder_of,
    follow_artifacts,
    follow_move,
    is_local,
)
from automl_skin.tracking.view import view_tag

FAILURES = (MlflowException, SQLAlchemyError, CommandError, OSError, sqlite3.Error)
"""What a store that is gone, locked, full or of another version raises."""

EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}
"""The UI opens the list of runs, and does not ask what the experiment is for."""


@dataclass(frozen=True)
class Store:
    """A tracking store with the experiment of a study."""

    client: MlflowClient
    uri: str
    experiment_id: str

    def log_files(self, run_id: str, files: Mapping[str, bytes]) -> None:
        """Keep files, by name, as artefacts of a run."""
        with TemporaryDirectory() as folder:
            for name, content in files.items():
                Path(folder, name).write_bytes(content)
            self.client.log_artifacts(run_id, folder)


class Guard:
    """Lets tracking fail without the search: says so once, and remembers it.

    Parameters
    ----------
    say : callable
        Takes one line for the user.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.failed = False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Run a block; a failure of the store ends the block and nothing else."""
        try:
            yield
        except FAILURES as error:
            if not self.failed:
                self.say(
                    f"MLflow could not be written ({_first_line(error)}); the search continues without it, and what "
                    "is missing is written when the search ends or the same command is given again"
                )
            self.failed = True


def open_store(uri: str, experiment: str, artifacts: Path) -> Store:
    """Open a store, making database and experiment where there are none.

    Must have returned before any other process uses the store: its first use migrates the database.

    Parameters
    ----------
    uri : str
        A SQLite file of this machine, or an MLflow server.
    artifacts : Path
        Folder of the artefacts of a SQLite store, absolute; a server has its own.
    """
    for name in ("mlflow", "alembic"):  # its failures are said by `Guard`, in one line
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with _alone(uri, artifacts):
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        found = client.get_experiment_by_name(experiment)
        place = {STORE_FOLDER: str(database_of(uri).parent)} if is_local(uri) else {}
        if found is None:
            location = str(artifacts) if is_local(uri) else None
            tags = {**EXPERIMENT_TAGS, **view_tag(), **place}
            return Store(client, uri, client.create_experiment(experiment, location, tags))
        if found.lifecycle_stage != "active":
            client.restore_experiment(found.experiment_id)
        for name, value in {**view_tag(), **place}.items():
            if found.tags.get(name) != value:
                client.set_experiment_tag(found.experiment_id, name, value)
        recorded = folder_of(found.artifact_location)
        if is_local(uri) and recorded is not None and recorded != artifacts:
            follow_artifacts(database_of(uri), recorded, artifacts)
        return Store(client, uri, found.experiment_id)


def experiments_of(uri: str, artifacts: Path) -> dict[str, str]:
    """Return the ids of the experiments by name, the last written first; make a SQLite database if there is none."""
    logging.getLogger("alembic").setLevel(logging.CRITICAL)
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)
    with _alone(uri, artifacts):
        found = MlflowClient(tracking_uri=uri, registry_uri=uri).search_experiments(
            order_by=["last_update_time DESC"]
        )
    return {experiment.name: str(experiment.experiment_id) for experiment in found}


@contextmanager
def _alone(uri: str, artifacts: Path) -> Iterator[None]:
    """Hold off other processes while a SQLite file is made, and follow it if its workspace was moved."""
    if not is_local(uri):
        yield
        return
    database = database_of(uri)
    folder = database.parent
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".mlflow.lock", timeout=60):
        if artifacts.parent == folder:  # a store elsewhere is not moved with the workspace
            follow_move(database, folder)
        if not database.exists():  # SQLite would make it 0644 whatever the umask, and its journals like it
            database.touch(0o666)
        yield


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip().rstrip(".") if lines else type(error).__name__
