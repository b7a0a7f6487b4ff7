"""``automl-skin search``: the main job."""

import time
from typing import Annotated

import typer

from automl_skin.cli import options
from automl_skin.settings import Workspace
from automl_skin.study.settings import DATA, NETWORKS, SEARCH, TUNING


@options.takes_settings("tracking_uri", panels=(DATA, NETWORKS, TUNING, SEARCH))
def search(
    flags: options.Flags,
    open_again: Annotated[
        bool,
        typer.Option(
            "--open-again",
            help="Open the locked test set although it was opened for another stack.",
            rich_help_panel=SEARCH,
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Say what would be done, and what time and disk it needs.",
            rich_help_panel=SEARCH,
        ),
    ] = False,
    study: options.Study = "",
    workspace: options.WorkspaceFolder = None,
    cache_dir: options.CacheFolder = None,
) -> None:
    """Search backbones, fusions, heads and hyperparameters; build the stack; open the locked test set once.

    Without --data the built-in study on synthetic lesions runs. The same command continues a study.
    """
    began = time.monotonic()  # imports take their seconds of a budget
    from automl_skin.cli.terminal import Terminal
    from automl_skin.steps.dry_run import estimate
    from automl_skin.steps.events import tell_all
    from automl_skin.steps.search import run_search
    from automl_skin.steps.track import Tracked
    from automl_skin.study.study import open_study

    terminal = Terminal()
    opened = open_study(Workspace.at(workspace, cache_dir), study, flags)
    with terminal.listening() as tell:
        if dry_run:
            terminal.say(*estimate(opened, tell))
            return
        run_search(opened, tell_all(tell, Tracked(opened)), open_again=open_again, began=began)
