"""``automl-skin leaderboard``: a study at any time."""

from typing import Annotated

import typer

from automl_skin.cli import options
from automl_skin.settings import Workspace


def leaderboard(
    study: options.Study = "",
    top: Annotated[int, typer.Option("--top", help="Trials to show.")] = 20,
    workspace: options.WorkspaceFolder = None,
    cache_dir: options.CacheFolder = None,
) -> None:
    """Show the trials of a study, the best first, and what having chosen the best of them means."""
    from automl_skin.cli.terminal import Terminal, print_leaderboard
    from automl_skin.steps.leaderboard import measure_of, read_leaderboard
    from automl_skin.study.study import existing_study

    terminal = Terminal()
    begun = existing_study(Workspace.at(workspace, cache_dir), study)
    board = read_leaderboard(begun)
    print_leaderboard(terminal, board.table, measure_of(begun.config), top)
    terminal.say(board.best_in_words)
