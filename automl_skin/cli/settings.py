"""From the command line's options to settings by name."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NewType

from automl_skin.cli.options import parse_duration, split_commas

if TYPE_CHECKING:
    from automl_skin.settings import Workspace

Given = NewType("Given", dict[str, Any])
"""The options of a command by the names of its parameters, None where one was not given."""

NOT_SETTINGS = frozenset({"study", "workspace", "cache_dir", "output", "dry_run", "open_again"})


def collect(given: Given) -> dict[str, Any]:
    """Return the settings that were given as flags, named as in `study.toml`."""
    settings = {
        name: value for name, value in given.items() if value is not None and name not in NOT_SETTINGS
    }
    for name, value in settings.items():
        if isinstance(value, Path):
            settings[name] = str(value)
    if "data" in settings:
        settings["data"] = [str(path) for path in settings["data"]]
    if "positive" in settings:
        settings["positive"] = split_commas(settings["positive"])
    for name in ("timeout", "tuning_budget"):
        if name in settings:
            settings[f"{name}_seconds"] = parse_duration(settings.pop(name))
    if "devices" in settings:
        settings["devices"] = split_commas(settings["devices"])
    return settings


def workspace_of(root: Path | None, cache: Path | None) -> "Workspace":
    """Return the workspace that the options name."""
    from automl_skin.settings import Workspace

    return Workspace.at(root, cache)
