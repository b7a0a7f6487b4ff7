"""The studies of papers that there are."""

from pathlib import Path

from automl_skin.papers.file import StudyFile, is_reproduction, read_study_file
from automl_skin.settings import Workspace
from automl_skin.study.study import committed_study, list_studies


def paper_studies(workspace: Workspace) -> list[StudyFile]:
    """Return the studies of papers that ship with automl-skin, and those of the workspace, by name.

    Raises
    ------
    ConfigError
        If the file of one is not as it must be.
    """
    files: list[StudyFile] = []
    for name in sorted(row[0] for row in list_studies(workspace)):
        path = study_path(workspace, name)
        if path is not None:
            files.append(read_study_file(path))
    return files


def study_path(workspace: Workspace, name: str) -> Path | None:
    """Return the file of a paper's study: the workspace's own, else the one that ships; None where there is none."""
    own = workspace.study_folder(name) / "study.toml"
    shipped = committed_study(Path(name).name)
    candidates = [path for path in (own, shipped) if path is not None and path.is_file()]
    return next((path for path in candidates if is_reproduction(path)), None)
