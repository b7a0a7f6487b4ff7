"""How the progress of a step is shown: bars on a terminal, lines now and then elsewhere, and a line at its end."""

import time
from collections.abc import Callable

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
)
from rich.table import Column
from rich.text import Text

LINE_EVERY_SECONDS = 30.0
MIN_SECONDS_OF_WORK = 5.0
"""Nothing is said of the time that is left before: the first batch also pays for loading a network."""

Update = Callable[[int, int], None]
"""``(done, total)``"""


def format_time(seconds: float) -> str:
    """Return a time in hours, minutes and seconds.

    Examples
    --------
    >>> [format_time(seconds) for seconds in (4.4, 135, 3725, 47626)]
    ['4s', '2m15s', '1h02m', '13h13m']
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"


class Pace:
    """Estimates the time that is left from the pace since the first report of what is done.

    What was done before that, or came from a cache at once, says nothing about the pace.
    """

    def __init__(self) -> None:
        self.start = time.monotonic()
        self._first: tuple[float, int] | None = None

    def left(self, done: int, total: int) -> float | None:
        """Return the seconds that are left; None before there is a pace."""
        now = time.monotonic()
        if self._first is None or done < self._first[1]:
            self._first = (now, done)
        began, before = self._first
        if now - began < MIN_SECONDS_OF_WORK or done <= before:
            return None
        return (now - began) / (done - before) * (total - done)

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.start


def ended(what: str, total: int, seconds: float) -> str:
    """Return what is said of a step that is over."""
    return f"{what}: {total:,} in {format_time(seconds)}"


def show_lines(what: str, say: Callable[[str], None]) -> Update:
    """Return an update that says a line now and then, for where there is no terminal."""
    pace = Pace()
    last = pace.start
    over = False

    def update(done: int, total: int) -> None:
        nonlocal last, over
        left = pace.left(done, total)
        if done >= total:
            if not over and total:
                say(ended(what, total, pace.elapsed))
            over = True
            return
        over = False
        now = time.monotonic()
        if now - last >= LINE_EVERY_SECONDS:
            last = now
            time_left = "" if left is None else f", {format_time(left)} left"
            say(f"{what}: {done:,} of {total:,}{time_left}")

    return update


class _TimeLeft(ProgressColumn):
    """The time that is left, once there is a pace."""

    def render(self, task: Task) -> Text:
        left = task.fields["left"]
        return Text("" if left is None else f"{format_time(left)} left")


def make_bars() -> tuple[ProgressColumn, ...]:
    """Return the columns of a bar: a long description gives way to the figures, also at 80 columns."""
    return (
        TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        _TimeLeft(),
    )


def show_bar(what: str, bars: Progress, say: Callable[[str], None]) -> Update:
    """Begin a bar and return its update; when it is full, a line says so and stays in the bar's place."""
    pace = Pace()
    task: TaskID | None = bars.add_task(what, total=None, left=None)

    def update(done: int, total: int) -> None:
        nonlocal task
        left = pace.left(done, total)
        if done >= total:
            if task is not None:
                bars.remove_task(task)
                task = None
                if total:
                    say(ended(what, total, pace.elapsed))
            return
        if task is None:  # it continues after all
            task = bars.add_task(what, total=total, left=None)
        bars.update(task, completed=done, total=total, left=left)

    return update
