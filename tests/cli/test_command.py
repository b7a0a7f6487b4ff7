import re

import pytest
import typer
from typer.testing import CliRunner

from automl_skin.cli.main import app

BRACKETED = re.compile(r"\[[^\]]*\]")


def commands(group, path=()):
    """Yield the path and the options of every command."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (
                (*path, name),
                [each for each in command.params if each.param_type_name == "option" and not each.is_eager],
            )


COMMANDS = dict(commands(typer.main.get_command(app)))
OPTIONS = [(path, option) for path, options in COMMANDS.items() for option in options]
ONCE = [pytest.param(*each, id=f"{each[0]} {each[1].opts[0]}") for each in OPTIONS if not each[1].multiple]
LISTS = [pytest.param(*each, id=f"{each[0]} {each[1].opts[0]}") for each in OPTIONS if each[1].multiple]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """A command that begins although it must not writes nothing here."""
    monkeypatch.chdir(tmp_path)


def written(option):
    """Return a help text as it was written, without Rich's escapes."""
    return (option.help or "").replace("\\[", "[")


def invoke(*args):
    return CliRunner().invoke(app, [*args], env={"COLUMNS": "160", "TERMINAL_WIDTH": "160"})


def plain(text):
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", text).split())


def given(option):
    return [option.opts[0]] if option.is_flag else [option.opts[0], "1"]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_loses_no_word_in_brackets(path):
    ended = invoke(*path, "--help")
    assert ended.exit_code == 0
    shown = plain(ended.output)
    for option in COMMANDS[path]:
        for word in BRACKETED.findall(written(option)):
            assert word in shown, option.opts
    assert "\\[" not in shown


def test_there_are_words_in_brackets():
    """Rich took the first four of them for styles."""
    words = [word for _, option in OPTIONS for word in BRACKETED.findall(written(option))]
    assert {"[tpe]", "[auto]", "[squash]", "[own]"} <= set(words)


@pytest.mark.parametrize(("path", "option"), ONCE)
def test_an_option_that_is_no_list_and_is_given_twice_is_wrong_input(path, option):
    ended = invoke(*path, *given(option), *given(option))
    assert ended.exit_code == 2
    assert f"{option.opts[0]}: expected once, got 2 times; keep one of them" in plain(ended.output)


@pytest.mark.parametrize(("path", "option"), LISTS)
def test_a_list_may_be_given_twice(path, option):
    """An option that is given twice beside it ends the command before it begins."""
    assert option.opts[0] not in {"--trials", "--target", "--images"}
    once = next(each for each in COMMANDS[path] if not each.multiple)
    ended = invoke(*path, *given(option), *given(option), *given(once), *given(once))
    assert f"{once.opts[0]}: expected once" in plain(ended.output)
    assert f"{option.opts[0]}: expected once" not in plain(ended.output)


def test_opposite_flags_are_one_option():
    ended = invoke("export", "--register", "--no-register")
    assert ended.exit_code == 2
    assert "--register: expected once, got 2 times" in plain(ended.output)
