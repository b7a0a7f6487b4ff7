"""What a person sees while a search runs: bars where there is a terminal, lines where there is none."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from automl_skin.cli.progress import Pace, Update, format_time, make_bars, show_bar, show_lines

if TYPE_CHECKING:
    from automl_skin.search.loop import Observer
    from automl_skin.search.material import Material
    from automl_skin.search.trial import Predictions, TrialRecord
    from automl_skin.steps.embed import StageOne
    from automl_skin.steps.search import Outcome
    from automl_skin.steps.understand import Understanding
    from automl_skin.study.round_files import Round
    from automl_skin.study.study import Study

WIDTH_OF_FILES = 132


def _console() -> Console:
    """Return a console; where it writes to a file, lines are as long as they are."""
    console = Console(highlight=False, soft_wrap=True)
    return console if console.is_terminal else Console(highlight=False, soft_wrap=True, width=WIDTH_OF_FILES)


class Terminal:
    """Reports to a console.

    Parameters
    ----------
    console : rich.console.Console
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or _console()

    @contextmanager
    def progress(self) -> "Iterator[Bars]":
        """Give a reporter: called, it begins a bar and returns the bar's update; it says lines beside the bars."""
        hidden = not self.console.is_terminal
        with Progress(*make_bars(), console=self.console, disable=hidden, expand=True) as bars:
            yield Bars(self, bars)

    def say(self, *lines: str) -> None:
        """Print lines as they are."""
        for line in lines:
            self.console.print(line, markup=False, emoji=False)

    def table(
        self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, of_text: bool = False
    ) -> None:
        """Print a table; columns of text begin at the left, figures end at the right."""
        table = Table(title=title, title_justify="left", show_lines=of_text)
        for position, column in enumerate(columns):
            justify: Literal["left", "right"] = "left" if position == 0 or of_text else "right"
            table.add_column(column, justify=justify, overflow="fold")
        for row in rows:
            table.add_row(*row)
        self.console.print(table)


class Bars:
    """Makes bars where there is a terminal, and lines where there is none; a reporter of `automl_skin.steps`.

    Parameters
    ----------
    terminal : Terminal
    bars : rich.progress.Progress
    """

    def __init__(self, terminal: Terminal, bars: Progress) -> None:
        self.terminal = terminal
        self.bars = bars

    def __call__(self, what: str) -> Update:
        """Begin a bar and return its update; a bar that is full becomes a line that stays."""
        if not self.terminal.console.is_terminal:
            return show_lines(what, self.say)
        return show_bar(what, self.bars, self.say)

    def say(self, line: str) -> None:
        """Print a line of news above the bars."""
        self.terminal.say(line)


class TrialTicker:
    """Says after every trial: which of how many, what came of it, who leads, and how long it will take still."""

    def __init__(self, terminal: Terminal, total: int, before: "Sequence[TrialRecord]") -> None:
        self.terminal = terminal
        self.total = total
        self.valid = sum(record.state != "failed" for record in before)
        self.pace = Pace()
        self.pace.left(self.valid, total)
        finished = [record for record in before if record.state == "finished"]
        self.best = max(finished, key=lambda record: record.utility, default=None)

    def trial_recorded(self, record: "TrialRecord", predictions: "Predictions | None") -> None:
        """Print one line."""
        del predictions
        self.valid += record.state != "failed"
        if record.plan.kind == "tuning":
            self.terminal.say(f"{record.plan.name} failed: {record.reason}; the search goes on without it")
            return
        if record.state == "finished" and (self.best is None or record.utility > self.best.utility):
            self.best = record
        best = (
            f"best {self.best.utility:.4f} by {self.best.plan.number:03d}"
            if self.best
            else "none finished yet"
        )
        left = self.pace.left(self.valid, max(self.total, self.valid))
        time_left = "" if left is None else f"  |  {format_time(left)} left"
        came = f"{record.utility:.4f}" if record.state == "finished" else f"{record.state}: {record.reason}"
        self.terminal.say(
            f"trial {self.valid} of {self.total}  {record.plan.title}  {came}  |  {best}{time_left}"
        )


class TerminalAudience:
    """Tells a terminal how the main job goes; an `Audience`."""

    def __init__(self, terminal: Terminal, report: Bars, trials: int) -> None:
        self.terminal = terminal
        self.report = report
        self.trials = trials

    def understood(self, study: "Study", understanding: "Understanding") -> None:
        """Print what was understood."""
        self.terminal.say(*understanding.lines)
        plan = study.read_plan()
        self.terminal.say(
            f"Plan:     {len(plan.development):,} development cases in {len(plan.folds)} folds, "
            f"{len(plan.locked):,} locked; digest {plan.digest[:12]}",
            *(f"Note:     {note}" for note in plan.remarks),
        )

    def embedded(self, study: "Study", stage_one: "StageOne", material: "Material") -> None:
        """Print what stage one did."""
        del study
        self.terminal.say(
            f"Stage one: {stage_one.computed:,} embeddings computed in {stage_one.seconds:.1f} s; "
            f"{', '.join(material.inputs.embeddings) or 'no chain sees an image'}"
        )
        for path, why in list(stage_one.failures.items())[:5]:
            self.terminal.say(f"Unreadable: {path}: {why}")

    @contextmanager
    def observers(
        self,
        study: "Study",
        material: "Material",
        records: "Sequence[TrialRecord]",
    ) -> "Iterator[Sequence[Observer]]":
        """Give the ticker."""
        del study, material
        yield [TrialTicker(self.terminal, self.trials, records)]

    def tuning_planned(self, study: "Study", lines: Sequence[str]) -> None:
        """Print what tuning is going to do."""
        del study
        self.terminal.say(*(f"Tuning:   {line}" for line in lines))

    def round_begun(self, study: "Study", this: "Round") -> None:
        """Print what a round tunes, and why."""
        del study
        if this.decision.kind != "ranking":
            titles = ", ".join(step.title for step in this.decision.steps)
            self.terminal.say(f"Round {this.number}: {this.decision.kind} of {titles}: {this.decision.why}")

    def round_over(self, study: "Study", this: "Round") -> None:
        """Print what a round came to."""
        from automl_skin.steps.rounds_table import rounds_in_words

        self.terminal.say(
            *(f"Round {this.number}: {line}" for line in rounds_in_words([this], study.journal.read()))
        )

    def concluded(self, outcome: "Outcome") -> None:
        """Print the leaderboard, the locked test, and what to do next."""
        print_outcome(self.terminal, outcome)


def print_outcome(terminal: Terminal, outcome: "Outcome") -> None:
    """Print how a search ended."""
    from automl_skin.evaluation.agreement import find_disagreements
    from automl_skin.steps.locked import why_not_opened

    print_leaderboard(terminal, outcome.leaderboard.table)
    spread = outcome.leaderboard.spread.head(12)
    rows = [
        (
            f"{row['backbone']} {row['tuning']} {row['fusion']} {row['head']}",
            str(row["trials"]),
            str(row["finished"]),
            _figure(row["best"]),
        )
        for _, row in spread.iterrows()
    ]
    terminal.table(
        "Where the trials went", ("backbone, tuning, fusion, head", "trials", "finished", "best"), rows
    )
    if outcome.rounds:
        print_rounds(terminal, outcome)
    best = outcome.leaderboard.best
    weights = outcome.built.stack.member_weights
    terminal.say(
        f"Best trial, folds pooled: {best.naive:.4f}; corrected for having been chosen among "
        f"{len(outcome.leaderboard.table)}: {best.corrected:.4f} ({best.interval.low:.4f} to "
        f"{best.interval.high:.4f}). {outcome.leaderboard.tied} trials are tied with the best.",
        f"Stack by {outcome.built.stack.method}: "
        + ", ".join(f"{number:03d} ({weight:.2f})" for number, weight in weights.items()),
    )
    if outcome.opening is not None:
        figures = outcome.opening.figures
        terminal.say(f"Locked test set, opened {outcome.opening.when}:", *figures.lines())
        terminal.say(*find_disagreements(figures, outcome.leaderboard.expected))
    else:
        terminal.say(why_not_opened(outcome.study))
    for measured in (outcome.shifts, outcome.sources):
        if measured is not None:
            terminal.say(*measured.lines())
    terminal.say(
        "Time: " + ", ".join(f"{step} {format_time(seconds)}" for step, seconds in outcome.seconds.items()),
        f"Next: automl-skin export --study {outcome.study.name} --output {outcome.study.name}-bundle",
    )


def print_rounds(terminal: Terminal, outcome: "Outcome") -> None:
    """Print what was tuned, round by round."""
    from automl_skin.steps.rounds_table import rounds_table

    rows = [
        (
            str(row["round"]),
            str(row["what"]),
            f"{row['backbone']} {row['recipe']} {row['tuning']}",
            str(row["networks"]),
            format_time(row["seconds"]),
            _figure(row["inner_auc"]),
            _figure(row["best"]),
            str(row["reason"] or row["state"]),
        )
        for row in rounds_table(outcome.rounds, outcome.records).to_dict("records")
    ]
    columns = ("round", "what", "tuned", "networks", "time", "inner AUC", "best trial", "came to")
    terminal.table("Rounds of tuning", columns, rows)


def print_leaderboard(terminal: Terminal, table: "object", top: int = 15) -> None:
    """Print the first rows of a leaderboard's table."""
    import pandas as pd

    from automl_skin.search.trial import KINDS

    assert isinstance(table, pd.DataFrame)
    rows = [
        (
            f"{number:03d}",
            str(row["what"]),
            str(row["backbone"]),
            _tuned(row["tuning"], row["way"]),
            str(row["fusion"]),
            str(row["head"]),
            _figure(row["auc"]),
            f"{_figure(row['auc_low'])} to {_figure(row['auc_high'])}",
            _standing(str(row["state"]), tied=bool(row["tied"])),
        )
        for number, row in table.head(top).iterrows()
    ]
    columns = ("trial", "what", "backbone", "tuning", "fusion", "head", "AUC", "95 % interval", "")
    terminal.table("Leaderboard (out-of-fold)", columns, rows)
    shown = set(table.head(top)["what"])
    terminal.say(*(f"{kind}: {words}" for kind, words in KINDS.items() if kind in shown))


def _standing(state: str, *, tied: bool) -> str:
    """Return how a trial stands to the best one, or why it has no place beside it."""
    if state != "finished":
        return state
    return "tied" if tied else ""


def _tuned(tuning: str, way: str) -> str:
    return tuning if way == "-" else f"{tuning}, {way}"


def _figure(value: float) -> str:
    return "-" if value != value else f"{value:.4f}"  # noqa: PLR0124 - not a number
