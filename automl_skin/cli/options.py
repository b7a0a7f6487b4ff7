"""Options that several commands share: places, and the settings of a study as options.

The settings' options are made from `automl_skin.study.settings`. A setting is the option of its name, with dashes for
underscores. A tuple is a repeatable option, or one text with commas. Seconds are given as a duration: `timeout_seconds`
is ``--timeout 45m``.
"""

import csv
import inspect
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import MISSING, Field, fields
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import typer

from automl_skin.settings import AnyPath
from automl_skin.study.settings import FIELDS, PLACES, SETTINGS, Setting

Verify = Annotated[
    Path | None,
    typer.Option(
        "--verify",
        metavar="KEY",
        help="PEM file of the public key that the bundle must have been signed with.",
    ),
]
Images = Annotated[
    str,
    typer.Option(
        "--images", metavar="PATH", help="Folder of the photographs; none for a bundle that sees none."
    ),
]
Embeddings = Annotated[
    list[str] | None,
    typer.Option("--embeddings", help="Vectors that the bundle needs, FILE or NAME=FILE. Repeatable."),
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

Built = TypeVar("Built")

_SECONDS = "_seconds"
_KEYWORD = inspect.Parameter.KEYWORD_ONLY
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
    of_panels = {name for name, setting in SETTINGS.items() if setting.panel in panels}
    chosen = sorted((of_panels | {*names}) - {*without}, key=list(SETTINGS).index)
    return _takes([FIELDS[name] for name in chosen])


def takes_fields(*kinds: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option per field of dataclasses declared with a `Setting`, in place of its parameter `flags`.

    The command is called with `flags`, the fields that were given; `build` makes the dataclasses of them.
    """
    return _takes([each for kind in kinds for each in fields(kind) if get_origin(each.type) is Annotated])


def build(kind: Callable[..., Built], flags: Flags, **more: Any) -> Built:
    """Return a dataclass of the fields that were given as options, and of some more."""
    own = inspect.signature(kind).parameters
    given = {name: value for name, value in flags.items() if name in own}
    return kind(
        **{n: tuple(value) if isinstance(value, list) else value for n, value in given.items()}, **more
    )


def _takes(chosen: Sequence[Field[Any]]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    options = {each.name: _parameter(each) for each in chosen}
    last = [options[each.name] for each in chosen if Setting.of(each).panel == PLACES]
    first = [option for option in options.values() if option not in last]

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = [each.replace(kind=_KEYWORD) for each in inspect.signature(function).parameters.values()]
        place = [parameter.name for parameter in own].index("flags")
        parameters = [*own[:place], *first, *own[place + 1 :], *last]

        def command(**given: Any) -> None:
            values = {name: given.pop(option.name) for name, option in options.items()}
            flags = {
                each.name: _read(each, values[each.name]) for each in chosen if values[each.name] is not None
            }
            function(flags=flags, **given)

        command.__name__, command.__doc__ = function.__name__, function.__doc__
        command.__annotations__ = {each.name: each.annotation for each in parameters}
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # inspect reads it
        return command

    return decorate


def as_flags(name: str, value: Any) -> list[str]:
    """Return the words of the command line that stand for a setting as TOML knows it.

    Examples
    --------
    >>> as_flags("positive", ["mel", "bcc"]), as_flags("backbone", ["a", "b"]), as_flags("allow_missing", True)
    (['--positive', 'mel,bcc'], ['--backbone', 'a', '--backbone', 'b'], ['--allow-missing'])
    """
    flag = _flag(FIELDS[name])
    if isinstance(value, bool):
        return [flag] if value else []
    if SETTINGS[name].commas:
        return [flag, ",".join(value)]
    if name.endswith(_SECONDS):
        return [flag, f"{value}s"]
    values = value if isinstance(value, list) else [value]
    return [word for each in values for word in (flag, str(each))]


def roles_of(flags: Flags) -> dict[str, str]:
    """Return the columns that are given for a role; "" switches a role off.

    Examples
    --------
    >>> roles_of({"image_column": "photo", "case_column": "", "device": "cpu"})
    {'image': 'photo', 'case': ''}
    """
    end = "_column"
    return {name.removesuffix(end): column for name, column in flags.items() if name.endswith(end)}


def _flag(each: Field[Any]) -> str:
    return f"--{(Setting.of(each).flag or each.name.removesuffix(_SECONDS)).replace('_', '-')}"


def _parameter(each: Field[Any]) -> inspect.Parameter:
    """Return the parameter of a command from which typer makes the option of a field."""
    setting, default, flag = Setting.of(each), each.default, _flag(each)
    shown = ", ".join(default) if isinstance(default, tuple) else str(default)
    text = setting.help.replace("{default}", shown)
    both = f"{flag}/--no-{flag.removeprefix('--')}" if default is True else flag
    metavar = "PATH" if get_args(each.type)[0] == AnyPath else None
    option = typer.Option(both, help=text or None, metavar=metavar, rich_help_panel=setting.panel or None)
    kind: Any = _typed_as(each)
    required = default is MISSING and each.default_factory is MISSING
    annotation: Any = Annotated[kind if required else kind | None, option]
    given = inspect.Parameter.empty if required else None
    return inspect.Parameter(each.name.removesuffix(_SECONDS), _KEYWORD, default=given, annotation=annotation)


def _typed_as(each: Field[Any]) -> Any:
    """Return the type that a field has on the command line."""
    declared = get_args(each.type)[0]
    if Setting.of(each).commas or each.name.endswith(_SECONDS):
        return str
    if get_origin(declared) is Literal:
        return type(get_args(declared)[0])
    if get_origin(declared) is tuple:
        (item, _) = get_args(declared)
        return list[Path] if Path in (item, *get_args(item)) else list[int] if item is int else list[str]
    if declared == AnyPath and each.default == "":  # a Path would make "." of "", which means none
        return str
    return Path if {PathLike[str], Path} & {*get_args(declared)} else declared


def _read(each: Field[Any], value: Any) -> Any:
    """Return a field's value as it was given on the command line."""
    if each.name.endswith(_SECONDS):
        return parse_duration(value, _flag(each))
    return split_commas(value) if Setting.of(each).commas else value


def parse_duration(text: str, option: str) -> float:
    """Return the seconds of a duration such as ``90s``, ``45m``, ``2h`` or ``1h30m``.

    Raises
    ------
    typer.BadParameter
        If it has another form; the message names `option`.

    Examples
    --------
    >>> parse_duration("1h30m", "--timeout")
    5400.0
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", text.strip().lower())
    if not parts or "".join(number + unit for number, unit in parts) != text.strip().lower():
        message = f"expected a duration such as 90s, 45m, 2h or 1h30m, got {text!r}"
        raise typer.BadParameter(message, param_hint=option)
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def split_commas(text: str | None) -> list[str]:
    """Return the values of a comma-separated option; none where it was not given.

    Examples
    --------
    >>> split_commas('mel, "melanoma, in situ"')
    ['mel', 'melanoma, in situ']
    """
    parts = next(csv.reader([text or ""], skipinitialspace=True), [])
    return [part.strip() for part in parts if part.strip()]
