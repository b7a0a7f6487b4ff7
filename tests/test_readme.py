"""The README's commands are the ones that are tested, and their options exist."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from automl_skin.cli.main import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands(text):
    """Return the command lines of the indented and fenced blocks; comments after them are left out."""
    joined = re.sub(r"\\\n\s*", "", text)
    fenced = re.findall(r"^```\w*\n(.*?)^```", joined, flags=re.DOTALL | re.MULTILINE)
    indented = re.findall(r"^(?: {4}|\t)(.*)$", joined, flags=re.MULTILINE)
    lines = [line.strip().removeprefix("$ ") for block in (*fenced, *indented) for line in block.splitlines()]
    return [line for line in lines if re.match(r"(automl-skin|pip|pytest)\b", line)]


def options_of(command):
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize("line", [line for line in commands(README) if line.startswith("automl-skin")])
def test_commands_and_their_options_exist(line):
    words = shlex.split(line, comments=True)[1:]
    command = typer.main.get_command(app)
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        assert words[0] in command.commands, f"no such command: {words[0]}"
        command = command.commands[words.pop(0)]
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert given <= options_of(command) | {"--help"}


def test_what_ci_runs_is_what_the_readme_says():
    lines = [line.partition("#")[0].strip() for line in commands(README)]
    ci = [
        line.strip().removeprefix("quietly ")
        for line in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    ]
    assert "pip install -e '.[dev]'" in lines
    assert "pip install -e '.[dev]'" in ci
    assert "pytest" in lines
    assert "pytest" in ci
    without_number = [re.sub(r"\d+", "N", line) for line in (*lines, "|", *ci)]
    assert without_number.count("automl-skin search --trials N") >= 2


def test_the_python_example_is_the_one_that_is_type_checked():
    def without_layout(text):
        return re.sub(r"\s+", "", text)

    example = (
        README.partition("### The same from Python")[2]
        .partition("###")[0]
        .partition("import automl_skin\n")[2]
    )
    assert without_layout(example) in without_layout(
        (ROOT / "tests" / "typed_api.py").read_text(encoding="utf-8")
    )
