import io
from types import SimpleNamespace

from rich.console import Console

from automl_skin.cli import terminal as module
from automl_skin.cli.terminal import Terminal, TrialTicker


def make():
    output = io.StringIO()
    return Terminal(Console(file=output, width=200, highlight=False)), output


def record(number, state="finished", utility=0.8, reason=""):
    plan = SimpleNamespace(number=number, title=f"{number:03d} image logistic", kind="search")
    return SimpleNamespace(plan=plan, state=state, utility=utility, reason=reason)


def test_lines_are_printed_as_they_are():
    terminal, output = make()
    terminal.say("[bold]dx[/bold] :mag: 1 of 2")
    assert output.getvalue() == "[bold]dx[/bold] :mag: 1 of 2\n"


def test_ticker_counts_leads_and_leaves_failures_out():
    terminal, output = make()
    ticker = TrialTicker(terminal, 3, [record(0, utility=0.7)])
    ticker.trial_recorded(record(1, "failed", reason="ValueError: no"), None)
    ticker.trial_recorded(record(2, utility=0.9), None)
    lines = output.getvalue().splitlines()
    assert lines[0].startswith("trial 1 of 3")
    assert "failed: ValueError: no" in lines[0]
    assert "best 0.7000 by 000" in lines[0]
    assert lines[1].startswith("trial 2 of 3")
    assert "best 0.9000 by 002" in lines[1]


def test_without_a_terminal_progress_is_a_line_now_and_then(monkeypatch):
    terminal, output = make()
    now = iter([0.0, 1.0, 40.0, 41.0, 50.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(now))
    update = terminal.lines("Scoring")
    for done in (1, 5, 6, 10):
        update(done, 10)
    assert [line.split(",")[0] for line in output.getvalue().splitlines()] == [
        "Scoring: 5 of 10",
        "Scoring: 10 of 10",
    ]
