import re
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Annotated, get_type_hints

import pytest
import typer
from typer.testing import CliRunner

from automl_skin.cli import options
from automl_skin.cli.options import as_flags, parse_duration, split_commas
from automl_skin.errors import ConfigError
from automl_skin.study.settings import (
    DATA,
    FIELDS,
    FILE_ONLY,
    NETWORKS,
    PLACES,
    SEARCH,
    SETTINGS,
    TUNING,
    Setting,
    check_minimums,
)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("45m", 2700), ("2h", 7200), ("1d", 86400), (" 1H30m ", 5400)]
)
def test_durations(text, seconds):
    assert parse_duration(text, "--timeout") == seconds


@pytest.mark.parametrize("text", ["", "2", "h", "2 hours", "-1h", "1h x"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(typer.BadParameter, match="expected a duration such as"):
        parse_duration(text, "--timeout")


def test_a_budget_is_a_duration_and_nothing_else():
    assert flags_given("--budget", "15m", "--trials", "40") == {
        "budget_seconds": 900.0,
        "trials": 40,
        "dry_run": False,
    }
    app = typer.Typer()
    app.command()(options.takes_settings("budget_seconds")(lambda flags: None))
    for wrong in ("15", "a while", "-5m"):
        ended = CliRunner().invoke(app, ["--budget", wrong])
        assert ended.exit_code == 2
        assert f"expected a duration such as 90s, 45m, 2h or 1h30m, got '{wrong}'" in " ".join(
            ended.output.replace("│", " ").split()
        )


def test_commas():
    assert split_commas("a, b,,c ") == ["a", "b", "c"]
    assert split_commas(None) == []


TAKES_ALL = options.takes_settings(panels=(DATA, NETWORKS, TUNING, SEARCH, PLACES))


def flags_given(*words, takes=TAKES_ALL):
    """Return the flags of a command that takes settings, as it is called."""
    seen = {}

    @takes
    def command(flags: options.Flags, dry_run: bool = False) -> None:
        seen.update(flags, dry_run=dry_run)

    app = typer.Typer()
    app.command()(command)
    ended = CliRunner().invoke(app, list(words))
    assert ended.exit_code == 0, ended.output
    return seen


def test_no_folder_is_not_the_folder_that_one_stands_in():
    assert flags_given("--images", "")["images"] == ""
    assert flags_given("--images", ".")["images"] == "."


def test_flags_are_named_like_settings():
    words = (
        "--positive mel,bcc, --timeout 1h30m --tuning-budget 2h --devices cuda:0,cuda:1 --weights-dir weights"
    )
    lists = "--seed 0 --data a.csv --data b.csv --backbone x --backbone y --allow-missing --dry-run --views 4"
    assert flags_given(*words.split(), *lists.split()) == {
        "positive": ["mel", "bcc"],
        "timeout_seconds": 5400.0,
        "tuning_budget_seconds": 7200.0,
        "devices": ["cuda:0", "cuda:1"],
        "weights_dir": "weights",  # as given: Path("") would be the working directory
        "seed": 0,
        "data": [Path("a.csv"), Path("b.csv")],
        "backbone": ["x", "y"],
        "allow_missing": True,
        "views": 4,
        "dry_run": True,
    }
    assert flags_given() == {"dry_run": False}


def test_an_empty_column_switches_a_role_off():
    flags = flags_given("--case-column", "", "--lesion-column", "lesion")
    assert flags == {"case_column": "", "lesion_column": "lesion", "dry_run": False}


def test_a_wrong_duration_names_its_option():
    app = typer.Typer()
    app.command()(options.takes_settings("timeout_seconds")(lambda flags: None))
    ended = CliRunner().invoke(app, ["--timeout", "soon"])
    assert ended.exit_code == 2
    assert "--timeout: expected a duration" in " ".join(ended.output.split())


def test_a_command_takes_what_it_names_and_no_more():
    takes = options.takes_settings("seed", panels=(NETWORKS,), without=("size", "views"))
    assert flags_given("--seed", "1", "--fit", "crop", takes=takes) == {
        "seed": 1,
        "fit": "crop",
        "dry_run": False,
    }
    with pytest.raises(AssertionError, match="No such option"):
        flags_given("--views", "1", takes=takes)
    with pytest.raises(ValueError, match="sede"):
        options.takes_settings("sede")


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_says_what_it_is(name):
    setting, default = SETTINGS[name], FIELDS[name].default
    assert setting.help.endswith((".", "..."))
    assert setting.panel in {DATA, NETWORKS, TUNING, SEARCH, PLACES, FILE_ONLY}
    assert default is not MISSING or "{default}" not in setting.help


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if setting.panel])
def test_a_setting_written_as_flags_reads_as_it_was(name):
    kind = str(get_type_hints(type("Bare", (), {"__annotations__": {name: FIELDS[name].type}}))[name])
    kind = re.sub(r"'\w*'(?=[,\]])", "", kind)  # a word of a literal is no type
    value = next(
        value
        for words, value in {
            "tuple": ["a", "b"],
            "bool": True,
            "int": 3,
            "[1,": 4,
            "float": 1.5,
            "str": "x",
            "Literal": "x",
        }.items()
        if words in kind
    )
    given = flags_given(*as_flags(name, value))[name]
    assert ([str(each) for each in given] if isinstance(given, list) else given) in (value, Path("x"))


@dataclass(frozen=True)
class Drawing:
    """What a command may be asked for."""

    output: Annotated[Path, Setting("Required.")]
    numbers: Annotated[tuple[int, ...], Setting("Numbers.", flag="number")] = ()
    words: Annotated[tuple[str, ...], Setting("Words [{default}].", commas=True)] = ("a", "b")
    framed: Annotated[bool, Setting("A frame.")] = True
    points: Annotated[int, Setting("Points [{default}].", minimum=4, flag="dots")] = 9
    inner: str = "no option"

    def __post_init__(self) -> None:
        check_minimums(self)


def test_fields_of_any_dataclass_are_options():
    takes = options.takes_fields(Drawing)
    words = "--output x --number 1 --number 2 --words c,d --no-framed --dots 5"
    flags = flags_given(*words.split(), takes=takes)
    made = options.build(Drawing, flags, inner="mine")
    assert made == Drawing(Path("x"), (1, 2), ("c", "d"), framed=False, points=5, inner="mine")
    assert not made.framed
    assert options.build(Drawing, flags_given("--output", "x", takes=takes)) == Drawing(Path("x"))
    with pytest.raises(AssertionError, match="Missing option"):
        flags_given(takes=takes)
    with pytest.raises(ConfigError, match="--dots: expected at least 4, got 3"):
        options.build(Drawing, flags_given("--output", "x", "--dots", "3", takes=takes))
