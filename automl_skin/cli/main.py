"""Assembles the commands, and turns errors into messages and exit codes.

Exit codes: 0 done; 2 wrong input; 3 done, with rows that could not be scored; 130 interrupted.
"""

import logging
import sys
from typing import Annotated

import typer

from automl_skin.cli import (
    cache,
    check,
    curate,
    embed,
    evaluate,
    explain,
    export,
    leaderboard,
    report,
    reproduce,
    score,
    search,
    studies,
    ui,
)
from automl_skin.cli.command import use_for_all
from automl_skin.errors import AutomlSkinError
from automl_skin.version import __version__

WRONG_INPUT = 2
INTERRUPTED = 130

app = typer.Typer(
    name="automl-skin",
    help="AutoML for skin-lesion images with clinical metadata.",
    epilog="Exit codes: 0 done, 2 wrong input, 3 done with rows that could not be scored, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("check")(check.check)
app.command("curate")(curate.curate)
app.command("search")(search.search)
app.command("embed")(embed.embed)
app.command("leaderboard")(leaderboard.leaderboard)
app.command("report")(report.report)
app.command("ui")(ui.ui)
app.command("export")(export.export)
app.command("score")(score.score)
app.command("evaluate")(evaluate.evaluate)
app.command("reproduce")(reproduce.reproduce)
app.command("explain")(explain.explain)
app.command("studies")(studies.studies)
app.add_typer(cache.app, name="cache")
use_for_all(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"automl-skin {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """AutoML for skin-lesion images with clinical metadata."""


def run() -> None:
    """Run the command line; the entry point of ``automl-skin``."""
    # where a home cannot be written it says so on its own, and works from a temporary folder
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        app()
    except AutomlSkinError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(WRONG_INPUT)
    except SystemExit as ended:  # Typer's, also for Ctrl-C
        if ended.code == INTERRUPTED:
            typer.echo(
                "interrupted; what is finished is kept: give the same command again to continue", err=True
            )
        raise
    except Exception as error:
        from automl_skin.files import find_storage_error  # it loads NumPy

        found = find_storage_error(error)
        if found is None:
            raise
        typer.echo(f"error: {found}", err=True)
        sys.exit(WRONG_INPUT)
