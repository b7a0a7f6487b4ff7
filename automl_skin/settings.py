"""Where things lie: the workspace with its studies and runs, and the cache."""

import getpass
import os
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import platformdirs

from automl_skin.errors import StorageError

AnyPath = str | PathLike[str]
"""A path as the Python API takes it."""


def default_cache_folder() -> Path:
    """Return the user's cache folder for embeddings and image inspections."""
    return Path(platformdirs.user_cache_dir("automl-skin", appauthor=False))


def user_name() -> str:
    """Return the name of whoever runs this; in a container the user id may have none.

    Examples
    --------
    >>> bool(user_name())
    True
    """
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # OSError since Python 3.13
        return f"uid {os.getuid()}"


def require_home() -> None:
    """Raise a `StorageError` where there is no home folder to keep a cache in; MLflow needs one as well."""
    try:
        Path.home()
    except RuntimeError as error:
        message = (
            f"expected a home folder, got none: HOME is not set and the user id {os.getuid()} has no entry"
        )
        raise StorageError(f"{message}; set HOME to a folder that can be written") from error


@dataclass(frozen=True)
class Workspace:
    """A folder with `studies/` and `mlruns/` in it.

    Parameters
    ----------
    root : Path
        The workspace, the current directory by default.
    cache : Path
        Where embeddings and image inspections are kept; shared by all workspaces by default.
    """

    root: Path
    cache: Path

    @classmethod
    def at(cls, root: AnyPath | None = None, cache: AnyPath | None = None) -> "Workspace":
        """Return the workspace at `root` with absolute paths; the current folder and the user's cache by default.

        Raises
        ------
        StorageError
            If there is no home folder.
        """
        require_home()
        return cls(Path(root or Path.cwd()).absolute(), Path(cache or default_cache_folder()).absolute())

    @property
    def studies(self) -> Path:
        """The folder of the studies."""
        return self.root / "studies"

    @property
    def runs(self) -> Path:
        """The folder of the MLflow tracking store."""
        return self.root / "mlruns"

    @property
    def tracking_uri(self) -> str:
        """MLflow's tracking URI of this workspace."""
        return f"sqlite:///{self.runs / 'mlflow.db'}"

    def study_folder(self, study: AnyPath) -> Path:
        """Return the folder of a study given by name (-> ``studies/NAME``) or by path."""
        path = Path(study)
        if path.is_absolute() or len(path.parts) > 1 or str(study) in {".", ".."}:
            return path.absolute()
        return self.studies / study
