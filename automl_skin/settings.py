"""Where things lie: the workspace with its studies and runs, and the cache."""

from dataclasses import dataclass
from pathlib import Path

import platformdirs


def default_cache_folder() -> Path:
    """Return the user's cache folder for embeddings and image inspections."""
    return Path(platformdirs.user_cache_dir("automl-skin", appauthor=False))


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
    def at(cls, root: Path | None = None, cache: Path | None = None) -> "Workspace":
        """Return the workspace at `root` with absolute paths."""
        return cls((root or Path.cwd()).absolute(), (cache or default_cache_folder()).absolute())

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

    def study_folder(self, study: str) -> Path:
        """Return the folder of a study given by name (-> ``studies/NAME``) or by path."""
        path = Path(study)
        if path.is_absolute() or len(path.parts) > 1 or study in {".", ".."}:
            return path.absolute()
        return self.studies / study
