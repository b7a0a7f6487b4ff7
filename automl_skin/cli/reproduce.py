"""``automl-skin reproduce``: a published system, its tables with our figures beside the paper's."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from automl_skin.cli import options
from automl_skin.settings import Workspace
from automl_skin.study.settings import NETWORKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automl_skin.cli.terminal import Bars, Terminal
    from automl_skin.papers.report import Reproduced
    from automl_skin.papers.study_file import Variant
    from automl_skin.steps.search import Audience
    from automl_skin.study.study import Study


@options.takes_settings(
    *("data", "images", "target", "positive", "group", "split", "drop_crossing"),
    *("weights_dir", "size", "views", "device", "devices", "tuning_set", "jobs", "tracking_uri"),
)
def reproduce(
    name: Annotated[str, typer.Argument(help="A study of `automl-skin studies`, or a folder with one.")],
    flags: options.Flags,
    variant: Annotated[
        list[str] | None, typer.Option("--variant", help="Variant to run. Repeatable; all by default.")
    ] = None,
    cell: Annotated[
        list[str] | None,
        typer.Option(
            "--cell", help="Model to run, by its name in the study's file. Repeatable; all by default."
        ),
    ] = None,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="The small form, on synthetic data: under a minute, no weights.")
    ] = False,
    backbone: Annotated[
        str | None,
        typer.Option(
            "--backbone",
            help="Network in place of the paper's; rows about a network of their own are left out, unless --cell "
            "names them.",
            rich_help_panel=NETWORKS,
        ),
    ] = None,
    open_again: Annotated[
        bool,
        typer.Option("--open-again", help="Open the locked cases for other cells than before."),
    ] = False,
    workspace: options.WorkspaceFolder = None,
    cache_dir: options.CacheFolder = None,
) -> None:
    """Run a paper's study: its models, its tables with ours beside the published figures, and a report.

    The same command continues it. `automl-skin search --study NAME` starts from the same file and goes beyond it.
    """
    if backbone is not None:
        flags["backbone"] = [backbone]
    from automl_skin.cli.terminal import Terminal
    from automl_skin.papers.reproduce import reproduce as run
    from automl_skin.papers.study_file import find_study_file
    from automl_skin.papers.variant import Wishes

    terminal = Terminal()
    place = Workspace.at(workspace, cache_dir)
    file = find_study_file(place, name)
    wishes = Wishes(flags, smoke, tuple(variant or ()), tuple(cell or ()), open_again)
    terminal.say(f"{file.name}: {file.paper.what}", f"Paper:    {file.paper.citation}")
    with terminal.progress() as report:
        outcome = run(place, file, wishes, ReproduceTerminal(terminal, report), " ".join(command_line()))
    terminal.say(f"Report:   {outcome.report}", "MLflow:   automl-skin ui")
    if not smoke:
        terminal.say(f"Next:     automl-skin search --study {file.name}, which starts from the same file")


def command_line() -> list[str]:
    """Return the command as a person types it."""
    return ["automl-skin", *sys.argv[1:]]


class ReproduceTerminal:
    """Tells a terminal and MLflow how a reproduction goes; a `ReproduceAudience`."""

    def __init__(self, terminal: "Terminal", report: "Bars") -> None:
        self.terminal = terminal
        self.report = report

    def variant_begun(self, variant: "Variant", study: "Study") -> "Audience":
        """Print which variant, and give terminal and MLflow for its study."""
        from automl_skin.cli.terminal import TerminalAudience
        from automl_skin.steps.audience import Several
        from automl_skin.steps.track import Tracked

        self.terminal.say("", f"Variant:  {variant.name}: {variant.title}", f"Study:    {study.folder}")
        self.tracked = Tracked(study, self.terminal.say)
        told = TerminalAudience(self.terminal, self.report, study.config.trials)
        return Several([told, self.tracked])

    def left_out(self, lines: "Sequence[str]") -> None:
        """Print what cannot be shown on these data."""
        self.terminal.say("Cannot be shown on these data, and left out:", *(f"  {line}" for line in lines))

    def variant_over(self, reproduced: "Reproduced") -> None:
        """Print the tables, and write them to MLflow."""
        from automl_skin.papers.track import conclude_variant

        for table in reproduced.tables:
            self.terminal.table(table.title, table.columns, table.rows)
            self.terminal.say(*table.notes)
        for section in reproduced.sections:
            self.terminal.say("", section.title, section.markdown)
            self.terminal.say(*(f"Picture:  {path}" for path in section.pictures))
        conclude_variant(self.tracked, reproduced)
