"""What a person sees while a search runs: bars where there is a terminal, lines where there is none."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from automl_skin.cli.progress import Pace, Update, format_time, make_bars, show_bar, show_lines

if TYPE_CHECKING:
    from automl_skin.search.trial import TrialRecord
    from automl_skin.steps.events import Event, Progressed, RoundBegan, RoundEnded, StageOneEnded, Understood
    from automl_skin.steps.search import SearchResult
    from automl_skin.study.facts import Budget

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
    def listening(self) -> "Iterator[TerminalListener]":
        """Give a listener of `automl_skin.steps` that shows bars while they are needed."""
        hidden = not self.console.is_terminal
        with Progress(*make_bars(), console=self.console, disable=hidden, expand=True) as bars:
            yield TerminalListener(self, bars)

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


class TrialTicker:
    """Says after every trial: which of how many, what came of it, who leads, and how long it will take still."""

    def __init__(self, terminal: Terminal, total: int | None, before: "Sequence[TrialRecord]") -> None:
        self.terminal = terminal
        self.total = total
        self.valid = sum(record.state != "failed" for record in before)
        self.pace = Pace()
        self._left()
        finished = [record for record in before if record.state == "finished"]
        self.best = max(finished, key=lambda record: record.utility, default=None)

    def record(self, record: "TrialRecord") -> None:
        """Print one line about a trial."""
        self.valid += record.state != "failed"
        if record.plan.kind == "tuning":
            self.terminal.say(f"{record.plan.name} failed: {record.reason}; the search continues without it")
            return
        if record.state == "finished" and (self.best is None or record.utility > self.best.utility):
            self.best = record
        best = (
            f"best {self.best.utility:.4f} by {self.best.plan.number:03d}"
            if self.best
            else "none finished yet"
        )
        left = self._left()
        time_left = "" if left is None else f"  |  {format_time(left)} left"
        of_total = "" if self.total is None else f" of {self.total}"
        came = f"{record.utility:.4f}" if record.state == "finished" else f"{record.state}: {record.reason}"
        self.terminal.say(f"trial {self.valid}{of_total}  {record.plan.title}  {came}  |  {best}{time_left}")

    def _left(self) -> float | None:
        """Return the seconds that are left of a number of trials; None where time ends the search."""
        return None if self.total is None else self.pace.left(self.valid, max(self.total, self.valid))


class TerminalListener:
    """Shows a terminal how the steps go; a `Listener`.

    Where there is no terminal, lines stand in place of bars. A bar that is full becomes a line that stays.

    Parameters
    ----------
    terminal : Terminal
    bars : rich.progress.Progress
    """

    def __init__(self, terminal: Terminal, bars: Progress) -> None:
        self.terminal = terminal
        self.bars = bars
        self.updates: dict[str, Update] = {}
        self.ticker: TrialTicker | None = None

    def __call__(self, event: "Event") -> None:
        """Show an event."""
        from automl_skin.search.trial import TrialRecorded
        from automl_skin.steps import events

        match event:
            case events.Progressed():
                self._progress(event)
            case events.Said():
                self.terminal.say(event.line)
            case events.Understood():
                print_understood(self.terminal, event)
            case events.StageOneEnded():
                print_stage_one(self.terminal, event)
            case events.SearchBegan():
                config = event.study.config
                total = None if config.trials is None and config.budget_seconds else config.max_trials
                self.ticker = TrialTicker(self.terminal, total, event.records)
            case TrialRecorded():
                assert self.ticker is not None
                self.ticker.record(event.record)
            case events.RoundBegan():
                print_round_began(self.terminal, event)
            case events.RoundEnded():
                print_round_ended(self.terminal, event)
            case events.SearchEnded():
                print_result(self.terminal, event.result)

    def _progress(self, event: "Progressed") -> None:
        if event.total is not None:
            self.updates[event.what](event.done, event.total)
        elif self.terminal.console.is_terminal:
            self.updates[event.what] = show_bar(event.what, self.bars, self.terminal.say)
        else:
            self.updates[event.what] = show_lines(event.what, self.terminal.say)


def print_understood(terminal: Terminal, event: "Understood") -> None:
    """Print what was understood, and the plan."""
    terminal.say(*event.understanding.lines)
    plan = event.study.read_plan()
    terminal.say(
        f"Plan:     {len(plan.development):,} development cases in {len(plan.folds)} folds, "
        f"{len(plan.locked):,} locked; digest {plan.digest[:12]}",
        *(f"Note:     {note}" for note in plan.remarks),
    )


def print_stage_one(terminal: Terminal, event: "StageOneEnded") -> None:
    """Print what stage one did."""
    stage_one = event.stage_one
    terminal.say(
        f"Stage one: {stage_one.computed:,} embeddings computed in {stage_one.seconds:.1f} s; "
        f"{', '.join(event.material.inputs.embeddings) or 'no chain sees an image'}"
    )
    for path, why in list(stage_one.failures.items())[:5]:
        terminal.say(f"Unreadable: {path}: {why}")


def print_round_began(terminal: Terminal, event: "RoundBegan") -> None:
    """Print what a round tunes, and why."""
    number, decision = event.tuning_round.number, event.tuning_round.decision
    if decision.kind != "ranking":
        titles = ", ".join(step.title for step in decision.steps)
        terminal.say(f"Round {number}: {decision.kind} of {titles}: {decision.why}")


def print_round_ended(terminal: Terminal, event: "RoundEnded") -> None:
    """Print what a round came to."""
    from automl_skin.steps.rounds_table import rounds_in_words

    this = event.tuning_round
    lines = rounds_in_words([this], event.study.journal.read())
    terminal.say(*(f"Round {this.number}: {line}" for line in lines))


def print_result(terminal: Terminal, result: "SearchResult") -> None:
    """Print how a search ended."""
    from automl_skin.steps.leaderboard import measure_of
    from automl_skin.steps.locked import why_not_opened

    print_leaderboard(terminal, result.leaderboard.table, measure_of(result.study.config))
    spread = result.leaderboard.spread.head(12)
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
    if result.rounds:
        print_rounds(terminal, result)
    weights = result.built.stack.member_weights
    terminal.say(
        result.leaderboard.best_in_words,
        describe_stack(result.built.stack.method, weights),
    )
    if result.operating_point is not None:
        terminal.say(*result.operating_point.lines())
    if result.decisions is not None:
        terminal.say(*result.decisions.lines())
    if result.opening is not None:
        figures = result.opening.figures
        terminal.say(f"Locked test set, opened {result.opening.when}:", *figures.lines())
        terminal.say(*figures.find_disagreements(result.leaderboard.expected))
    else:
        terminal.say(why_not_opened(result.study))
    terminal.say(result.study.shortcuts.read().describe_facts())
    for measured in (result.shifts, result.sources):
        if measured is not None:
            terminal.say(*measured.lines())
    if result.budget is not None:
        print_budget(terminal, result.budget)
    terminal.say(
        "Time: " + ", ".join(f"{step} {format_time(seconds)}" for step, seconds in result.seconds.items()),
        f"Next: automl-skin export --study {result.study.name} --output {result.study.name}-bundle",
    )


def print_budget(terminal: Terminal, budget: "Budget") -> None:
    """Print what was planned and used of a study's time."""
    from automl_skin.steps.budget_plan import rows_of

    rows = [(step, format_time(planned), format_time(used)) for step, planned, used in rows_of(budget)]
    rows.append(("in all", format_time(budget.seconds), format_time(budget.seconds_used)))
    terminal.table("Budget", ("step", "planned", "used"), rows)


def describe_stack(method: str, weights: "Mapping[int, float]") -> str:
    """Return the members of the stack with their mean weights, and what these are where each fold takes one."""
    members = ", ".join(f"{number:03d} ({weight:.2f})" for number, weight in weights.items())
    each = ""
    if method == "best trial" and len(weights) > 1:
        each = "; each fold takes the trial that is best on the other folds: shares of the folds"
    return f"Stack by {method}: {members}{each}"


def print_rounds(terminal: Terminal, result: "SearchResult") -> None:
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
        for row in rounds_table(result.rounds, result.records).to_dict("records")
    ]
    columns = ("round", "what", "tuned", "networks", "time", "inner AUC", "best trial", "came to")
    terminal.table("Rounds of tuning", columns, rows)


def print_leaderboard(terminal: Terminal, table: "object", measure: str = "", top: int = 15) -> None:
    """Print the first rows of a leaderboard's table; `measure` is what they are sorted by, if not the AUC."""
    import pandas as pd

    from automl_skin.evaluation.record import in_words
    from automl_skin.metrics.intervals import Interval
    from automl_skin.search.trial import KINDS

    assert isinstance(table, pd.DataFrame)
    rows = [
        (
            f"{number:03d}",
            str(row["what"]),
            f"{row['backbone']} {_tuned(row['tuning'], row['way'])}".removesuffix(" -"),
            f"{row['fusion']} {row['head']}",
            *([_figure(row["utility"])] if measure else []),
            _figure(row["auc"]),
            in_words(Interval(row["auc_pooled"], row["auc_low"], row["auc_high"], bool(row["enough"])))
            if row["auc_pooled"] == row["auc_pooled"]
            else "-",
            format_time(row["seconds"]),
            _standing(str(row["state"]), is_best=bool(row["best"]), tied=bool(row["tied"])),
        )
        for number, row in table.head(top).iterrows()
    ]
    columns = (
        "trial",
        "what",
        "network",
        "model",
        *([measure] if measure else []),
        "AUC, mean of folds",
        "AUC, pooled (95 % interval)",
        "time",
        "",
    )
    terminal.table("Leaderboard (out-of-fold)", columns, rows)
    terminal.say("None of these figures is corrected for having been chosen as the best of all")
    shown = set(table.head(top)["what"])
    terminal.say(*(f"{kind}: {words}" for kind, words in KINDS.items() if kind in shown))


def _standing(state: str, *, is_best: bool, tied: bool) -> str:
    """Return how a trial stands to the best one, or why it has no place beside it."""
    if state != "finished":
        return state
    if is_best:
        return "best"
    return "tied" if tied else ""


def _tuned(tuning: str, way: str) -> str:
    return tuning if way == "-" else f"{tuning}, {way}"


def _figure(value: float) -> str:
    return "-" if value != value else f"{value:.4f}"  # noqa: PLR0124 - not a number
