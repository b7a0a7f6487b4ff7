"""``automl-skin reproduce``: a published system, with our figures beside the paper's."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from automl_skin.cli import options
from automl_skin.settings import Workspace
from automl_skin.study.settings import NETWORKS

if TYPE_CHECKING:
    from automl_skin.cli.terminal import Terminal, TerminalListener
    from automl_skin.papers.events import ReproduceEvent, VariantBegan
    from automl_skin.papers.report import Reproduced
    from automl_skin.steps.events import Listener


@options.takes_settings(
    *("data", "labels", "images", "target", "positive", "group", "split", "drop_crossing"),
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
        typer.Option("--open-again", help="Open the locked cases although they were opened for other cells."),
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
    from automl_skin.papers.reading import find_study_file
    from automl_skin.papers.reproduce import reproduce as run
    from automl_skin.papers.variant import Overrides

    terminal = Terminal()
    place = Workspace.at(workspace, cache_dir)
    file = find_study_file(place, name)
    overrides = Overrides(flags, smoke, tuple(variant or ()), tuple(cell or ()), open_again)
    terminal.say(f"{file.name}: {file.paper.what}", f"Paper:    {file.paper.citation}")
    with terminal.listening() as tell:
        outcome = run(place, file, overrides, ReproduceTerminal(terminal, tell), " ".join(command_line()))
    terminal.say(f"Report:   {outcome.report}", *(["MLflow:   automl-skin ui"] if outcome.variants else []))
    if outcome.variants and not smoke:
        terminal.say(f"Next:     automl-skin search --study {file.name}, which starts from the same file")


def command_line() -> list[str]:
    """Return the command as a person types it."""
    return ["automl-skin", *sys.argv[1:]]


class ReproduceTerminal:
    """Tells a terminal and MLflow how a reproduction goes; a `ReproduceListener`."""

    def __init__(self, terminal: "Terminal", shown: "TerminalListener") -> None:
        self.terminal = terminal
        self.shown = shown
        self.of_study: Listener = shown

    def __call__(self, event: "ReproduceEvent") -> None:
        """Print an event, and write it to MLflow; what is of a study goes to the listeners of a search."""
        from automl_skin.papers.events import BenchEnded, LeftOut, VariantBegan, VariantEnded

        match event:
            case VariantBegan():
                self._begin(event)
            case LeftOut():
                lines = (f"  {line}" for line in event.lines)
                self.terminal.say("Cannot be shown on these data, and left out:", *lines)
            case VariantEnded():
                self._end(event.reproduced)
            case BenchEnded():
                for title, rows in event.rows.items():
                    self.terminal.table(title, event.columns, rows)
            case _:
                self.of_study(event)

    def _begin(self, event: "VariantBegan") -> None:
        """Print which variant, and have MLflow told of its study."""
        from automl_skin.steps.events import tell_all
        from automl_skin.steps.track import Tracked

        variant, study = event.variant, event.study
        self.terminal.say("", f"Variant:  {variant.name}: {variant.title}", f"Study:    {study.folder}")
        self.tracked = Tracked(study, self.terminal.say)
        self.of_study = tell_all(self.shown, self.tracked)

    def _end(self, reproduced: "Reproduced") -> None:
        """Print the tables, and write them to MLflow."""
        from automl_skin.papers.report import conclude_variant

        for table in reproduced.tables:
            self.terminal.table(table.title, table.columns, table.rows)
            self.terminal.say(*table.notes)
        for section in reproduced.sections:
            self.terminal.say("", section.title, section.markdown)
            self.terminal.say(*(f"Picture:  {path}" for path in section.pictures))
        conclude_variant(self.tracked, reproduced)
