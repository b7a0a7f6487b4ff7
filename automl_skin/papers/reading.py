"""Reading the studies of papers: those that ship with automl-skin, and those of a workspace."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from automl_skin.backbones.tuning.names import Tuning
from automl_skin.errors import ConfigError
from automl_skin.papers.study_file import Cell, StudyFile
from automl_skin.settings import Workspace
from automl_skin.study.settings_file import read_document, settings_in
from automl_skin.study.study import SETTINGS, committed_study, list_studies


def read_study_file(path: Path) -> StudyFile:
    """Read a paper's `study.toml`; the name is that of its folder.

    Raises
    ------
    ConfigError
        If it is no TOML, or one of its tables is not as `StudyFile` has it.
    """
    document = read_document(path)
    tables = {
        "variants": document.get("variant", []),
        "cells": document.get("cell", []),
        "tunings": document.get("tunings", {}),
        "tables": document.get("table", []),
        "analyses": document.get("analysis", []),
        "worlds": document.get("world", []),
    }
    value = {
        "name": path.parent.name,
        "settings": settings_in(document),
        "paper": document.get("paper"),
        **tables,
    }
    try:
        file = TypeAdapter(StudyFile).validate_python(value)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()[:5]
        )
        raise ConfigError(f"{path}: expected the study of a paper, with its tables: {problems}") from error
    return replace(file, cells=tuple(_in_general_terms(cell, file.tunings) for cell in file.cells))


def _in_general_terms(cell: Cell, tunings: Mapping[str, str]) -> Cell:
    """Return a cell whose tuning begins with a name in `TUNINGS`; its own changes win over those of the paper's."""
    base, *changes = cell.tuning.split() or [""]
    if base not in tunings:
        return cell
    shared = Tuning.parse(tunings[base])
    tuning = Tuning.parse(" ".join([shared.base, *changes]), shared.changes)
    return replace(cell, choose={**cell.choose, "tuning": str(tuning)})


def list_paper_studies(workspace: Workspace) -> list[StudyFile]:
    """Return the studies of papers that ship with automl-skin, and those of the workspace, by name.

    Raises
    ------
    ConfigError
        If a file cannot be read as the study of a paper.
    """
    paths = [_study_path(workspace, name) for name in sorted(row[0] for row in list_studies(workspace))]
    return [read_study_file(path) for path in paths if path is not None]


def find_study_file(workspace: Workspace, name: str) -> StudyFile:
    """Return the file of a paper's study: the workspace's own, else the one that ships with automl-skin.

    Raises
    ------
    ConfigError
        If no study has that name.
    """
    path = _study_path(workspace, name)
    if path is None:
        raise ConfigError(f"found no study of a paper named {name!r}; `automl-skin studies` lists them")
    return read_study_file(path)


def _study_path(workspace: Workspace, name: str) -> Path | None:
    """Return the file of a paper's study, the workspace's own first; None if there is none."""
    own = workspace.study_folder(name) / SETTINGS
    candidates = [
        path for path in (own, committed_study(Path(name).name)) if path is not None and path.is_file()
    ]
    return next((path for path in candidates if "paper" in read_document(path)), None)
