"""`study.toml`: settings by name, read and written.

The settings stand on top, without a section. What follows in sections (`PAPER_TABLES`) makes the file the reproduction
of a paper; a search starts from the settings and ignores the sections.
"""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automl_skin.errors import ConfigError
from automl_skin.files import write_text
from automl_skin.study.config import StudyConfig, plain_settings

PAPER_TABLES = ("paper", "tunings", "variant", "cell", "table", "analysis", "world")
"""Sections of a file that a search ignores; see `automl_skin.papers.study_file`."""


def read_settings(path: Path) -> dict[str, Any]:
    """Read a `study.toml` as settings by name, not yet checked; sections of a paper are left out.

    Raises
    ------
    ConfigError
        If the file is not TOML.
    """
    return settings_in(read_document(path))


def read_document(path: Path) -> dict[str, Any]:
    """Read all that stands in a `study.toml`.

    Raises
    ------
    ConfigError
        If the file is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: expected a TOML file in UTF-8, got something else: {error}") from error


def settings_in(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of what stands in a file."""
    return {name: value for name, value in document.items() if name not in PAPER_TABLES}


def write_settings(path: Path, config: StudyConfig, heading: str) -> None:
    """Write a `study.toml` of the settings that differ from their defaults."""
    plain, defaults = plain_settings(config), plain_settings(StudyConfig())
    changed = {name: value for name, value in plain.items() if value != defaults[name]}
    lines = [f"# {line}".rstrip() for line in heading.splitlines()]
    lines += [f"{name} = {_toml(value)}" for name, value in changed.items()]
    write_text(path, "\n".join(lines) + "\n")


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # TOML's basic strings are JSON's
    return str(value)
