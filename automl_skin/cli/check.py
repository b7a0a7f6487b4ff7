"""``automl-skin check``: what is understood of the data, and what is wrong with it."""

from pathlib import Path
from typing import Annotated

import typer

from automl_skin.cli import options
from automl_skin.settings import Workspace
from automl_skin.study.settings import DATA


@options.takes_settings(
    "embeddings",
    panels=(DATA,),
    without=("waive_leakage", "drop_crossing", "allow_missing", "folds", "locked_share"),
)
def check(
    flags: options.Flags,
    output: Annotated[Path | None, typer.Option("--output", help="Folder for audit.json.")] = None,
    cache_dir: options.CacheFolder = None,
) -> None:
    """Say what is understood of a table and its images, and what is wrong with them."""
    from automl_skin.cli.terminal import Terminal
    from automl_skin.steps.check import check_data, require_found

    terminal = Terminal()
    with terminal.listening() as tell:
        understanding = check_data(Workspace.at(None, cache_dir), flags, tell)
    terminal.say(*understanding.lines)
    if output is not None:
        terminal.say(f"Written: {understanding.audit.write(output)}")
    require_found(understanding)
