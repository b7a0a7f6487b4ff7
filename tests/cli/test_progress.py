import io
import re

import pytest
from rich.console import Console

from automl_skin.cli import progress
from automl_skin.cli.progress import Pace, format_time, show_lines
from automl_skin.cli.terminal import Terminal
from automl_skin.steps.events import start_progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that is moved by hand."""

    class Clock:
        now = 100.0

    monkeypatch.setattr(progress.time, "monotonic", lambda: Clock.now)
    return Clock


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0s"), (59.4, "59s"), (59.6, "1m00s"), (3599.7, "1h00m"), (47626, "13h13m"), (360000, "100h00m")],
)
def test_times_have_hours_minutes_and_seconds(seconds, text):
    assert format_time(seconds) == text


def test_the_first_batch_is_no_pace(clock):
    """32 of 33,935 after the network was loaded for 45 s were "47626 s left"."""
    pace = Pace()
    clock.now += 45.0
    assert pace.left(32, 33_935) is None
    clock.now += 4.0
    assert pace.left(400, 33_935) is None
    clock.now += 4.0
    assert pace.left(832, 33_935) == pytest.approx(8.0 / 800 * 33_103)


def test_what_lay_in_the_cache_is_no_pace(clock):
    pace = Pace()
    assert pace.left(9_000, 10_000) is None
    clock.now += 10.0
    assert pace.left(9_000, 10_000) is None
    assert pace.left(9_100, 10_000) == pytest.approx(90.0)


def test_a_step_that_begins_anew_has_a_pace_of_its_own(clock):
    pace = Pace()
    pace.left(90, 100)
    clock.now += 10.0
    assert pace.left(1, 100) is None


def test_lines_come_now_and_then_and_the_last_one_says_how_long_it_took(clock):
    said = []
    update = show_lines("Scoring", said.append)
    for seconds, done in ((1, 8), (31, 16), (40, 24), (62, 1_000), (70, 2_000), (71, 2_000)):
        clock.now = 100.0 + seconds
        update(done, 2_000)
    assert said == [
        "Scoring: 16 of 2,000, 2h04m left",
        "Scoring: 1,000 of 2,000, 1m01s left",
        "Scoring: 2,000 in 1m10s",
    ]


def test_nothing_is_said_of_no_work(clock):
    said = []
    show_lines("Scoring", said.append)(0, 0)
    assert said == []


def shown(width=80):
    return Terminal(Console(file=io.StringIO(), width=width, force_terminal=True, highlight=False))


def test_a_bar_that_is_full_becomes_a_line_that_stays(clock):
    terminal = shown()
    with terminal.listening() as tell:
        update = start_progress(tell, "Tuning net 1")
        update(1, 1_500)
        clock.now += 135.0
        update(1_500, 1_500)
        update(1_500, 1_500)
        start_progress(tell, "Tuning net 2")(1, 5)
        assert [task.description for task in tell.bars.tasks] == ["Tuning net 2"]
    assert terminal.console.file.getvalue().count("Tuning net 1: 1,500 in 2m15s") == 1


def test_a_bar_may_go_on_after_it_was_full(clock):
    with shown().listening() as tell:
        update = start_progress(tell, "Fitting")
        update(2, 2)
        update(2, 4)
        assert [task.total for task in tell.bars.tasks] == [4]
        update(4, 4)
        assert tell.bars.tasks == []


def test_at_80_columns_the_figures_of_a_long_description_are_seen(clock):
    terminal = shown()
    with terminal.listening() as tell:
        update = start_progress(
            tell, "Embedding by vit_small_patch16_224.augreg_in21k_ft_in1k under eleven shifts by all"
        )
        update(0, 33_935)
        clock.now += 20.0
        update(1_000, 33_935)
        tell.bars.refresh()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.console.file.getvalue())
    assert "1000/33935 10m59s left" in " ".join(text.split())
