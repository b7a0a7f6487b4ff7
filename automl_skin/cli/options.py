"""Options that several commands share: places, and the settings of a study as options.

The settings' options are made from `automl_skin.study.settings`. A setting ``name`` is the option ``--name`` with dashes
for underscores. A tuple is a repeatable option, or one text with commas. Seconds are a duration: ``timeout_seconds`` is
``--timeout 45m``.
"""

import csv
import inspect
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated, Any, get_origin

import typer

from automl_skin.study.settings import PLACES, SETTINGS, StudySettings, default_of, type_of

Verify = Annotated[
    Path | None,
    typer.Option(
        "--verify",
        metavar="KEY",
        help="PEM file of the public key that the bundle must have been signed with.",
    ),
]
Study = Annotated[
    str,
    typer.Option(
        "--study",
        help="Name (studies/NAME) or path of the study. To read one: the workspace's only one by default.",
        rich_help_panel=PLACES,
    ),
]
WorkspaceFolder = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        help="Folder of studies/ and mlruns/; the current one by default.",
        rich_help_panel=PLACES,
    ),
]
CacheFolder = Annotated[
    Path | None,
    typer.Option(
        "--cache-dir", help="Cache of embeddings; the user's cache folder by default.", rich_help_panel=PLACES
    ),
]

Flags = dict[str, Any]
"""The settings that were given as options, named as in `study.toml`."""

_SECONDS = "_seconds"
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def takes_settings(
    *names: str, panels: Collection[str] = (), without: Collection[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of some settings, in place of its parameter `flags`.

    Parameters
    ----------
    *names : str
        Settings by name.
    panels : collection of str
        All settings of these panels as well.
    without : collection of str
        But for these.

    Returns
    -------
    decorator
        The command is called with `flags`, the settings that were given. Those about places come last in its help.
    """
    chosen = {*names, *(name for name, setting in SETTINGS.items() if setting.panel in panels)} - {*without}
    options = {name: _parameter(name) for name in SETTINGS if name in chosen}
    assert len(options) == len(chosen), chosen - set(options)
    last = [options[name] for name in options if SETTINGS[name].panel == PLACES]
    first = [option for option in options.values() if option not in last]

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(function).parameters.values())
        place = [parameter.name for parameter in own].index("flags")
        parameters = [*own[:place], *first, *own[place + 1 :], *last]

        def command(**given: Any) -> None:
            values = {name: given.pop(option.name) for name, option in options.items()}
            flags = {name: _read(name, value) for name, value in values.items() if value is not None}
            function(flags=flags, **given)

        command.__name__, command.__doc__ = function.__name__, function.__doc__
        command.__annotations__ = {each.name: each.annotation for each in parameters}
        keyword = inspect.Parameter.KEYWORD_ONLY
        command.__signature__ = inspect.Signature([each.replace(kind=keyword) for each in parameters])  # type: ignore[attr-defined] # as functools.wraps does
        return command

    return decorate


def as_flags(name: str, value: Any) -> list[str]:
    """Return the words of the command line that stand for a setting as TOML knows it.

    Examples
    --------
    >>> as_flags("positive", ["mel", "bcc"]), as_flags("backbone", ["a", "b"]), as_flags("allow_missing", True)
    (['--positive', 'mel,bcc'], ['--backbone', 'a', '--backbone', 'b'], ['--allow-missing'])
    """
    flag = _flag(name)
    if isinstance(value, bool):
        return [flag] if value else []
    if SETTINGS[name].commas:
        return [flag, ",".join(value)]
    values = value if isinstance(value, list) else [value]
    return [word for each in values for word in (flag, str(each))]


def _flag(name: str) -> str:
    return f"--{name.removesuffix(_SECONDS).replace('_', '-')}"


def _parameter(name: str) -> inspect.Parameter:
    setting, kind = SETTINGS[name], _typed_as(name)
    default = default_of(name)
    shown = ", ".join(default) if isinstance(default, tuple) else default
    option = typer.Option(
        _flag(name), help=setting.help.replace("{default}", str(shown)), rich_help_panel=setting.panel
    )
    parameter = _flag(name).removeprefix("--").replace("-", "_")
    keyword = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(parameter, keyword, default=None, annotation=Annotated[kind | None, option])


def _typed_as(name: str) -> Any:
    """Return the type of a setting on the command line."""
