import io
from dataclasses import replace
from types import SimpleNamespace

from rich.console import Console

from automl_skin.backbones.tuning.names import Tuning
from automl_skin.cli.terminal import (
    Terminal,
    TerminalListener,
    TrialTicker,
    describe_stack,
    print_leaderboard,
    print_result,
)
from automl_skin.metrics.intervals import Interval
from automl_skin.networks import NetworkId
from automl_skin.search.tuning_steps import Decision, StepOutcome, TunedNetwork, TuningStep
from automl_skin.steps import events
from automl_skin.steps.events import start_progress
from automl_skin.steps.leaderboard import read_leaderboard
from automl_skin.steps.locked import read_openings
from automl_skin.study.round_files import Round


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
    ticker.record(record(1, "failed", reason="ValueError: no"))
    ticker.record(record(2, utility=0.9))
    lines = output.getvalue().splitlines()
    assert lines[0].startswith("trial 1 of 3")
    assert "failed: ValueError: no" in lines[0]
    assert "best 0.7000 by 000" in lines[0]
    assert lines[1].startswith("trial 2 of 3")
    assert "best 0.9000 by 002" in lines[1]


def test_news_stand_above_the_bars():
    terminal = Terminal(Console(file=io.StringIO(), width=100, force_terminal=True, highlight=False))
    with terminal.listening() as tell:
        start_progress(tell, "Tuning net 2")(1, 5)
        tell(events.Said("epoch 1 of 3"))
    assert "epoch 1 of 3" in terminal.console.file.getvalue()


def test_without_a_terminal_there_are_lines():
    terminal, output = make()
    with terminal.listening() as tell:
        start_progress(tell, "Scoring")(10, 10)
    assert output.getvalue() == "Scoring: 10 in 0s\n"


def test_a_failed_tuning_is_said_and_does_not_count():
    terminal, output = make()
    ticker = TrialTicker(terminal, 3, [])
    failed = record(0, "failed", reason="the loss diverged")
    failed.plan.kind, failed.plan.name = "tuning", "tuning net plain full"
    ticker.record(failed)
    assert output.getvalue() == (
        "tuning net plain full failed: the loss diverged; the search continues without it\n"
    )
    assert ticker.valid == 0


def test_rounds_are_said_as_they_go(tiny):
    terminal, output = make()
    tell = TerminalListener(terminal, None)
    step = TuningStep(NetworkId("net", "plain"), Tuning("full"))
    outcome = StepOutcome(
        step,
        "finished",
        True,
        seconds=65.0,
        networks=(TunedNetwork(NetworkId("net", "plain", "full", (0,)), folder="x"),),
    )
    this = Round(1, Decision("probe", (step,), "to compare"), (outcome,), 0, 3)
    tell(events.Said("Tuning:   rank 2 sets"))
    tell(events.RoundBegan(tiny.study, Round(0, Decision("ranking", (), "to rank"))))
    tell(events.RoundBegan(tiny.study, this))
    tell(events.RoundEnded(tiny.study, this))
    assert output.getvalue().splitlines() == [
        "Tuning:   rank 2 sets",
        "Round 1: probe of net plain full: to compare",
        "Round 1: net plain full (probe): 1 network in 65 s",
    ]


def test_a_locked_test_that_was_not_expected_is_said(tiny):
    (opening,) = read_openings(tiny.study)
    outcome = SimpleNamespace(
        study=tiny.study,
        leaderboard=replace(
            read_leaderboard(tiny.study), expected={"stack": opening.figures.models["stack"].auc}
        ),
        rounds=[],
        built=tiny.study.stack.read(),
        opening=opening,
        shifts=None,
        sources=None,
        operating_point=tiny.study.operating_point.read().point,
        decisions=None,
        seconds={"trials": 3.0},
        budget=None,
    )
    terminal, output = make()
    print_result(terminal, outcome)
    assert "Warning: the AUC of the stack" not in output.getvalue()
    assert "groups with positive cases" in output.getvalue()  # what the threshold promises, or cannot
    assert "At its stored threshold" in output.getvalue()
    outcome.leaderboard.expected["stack"] = Interval(1.3, 1.2, 1.4)
    print_result(terminal, outcome)
    assert "below the 1.300 (1.200 to 1.400) that cross-validation led to expect" in output.getvalue()


def test_a_stack_whose_folds_take_one_trial_each_says_so():
    assert describe_stack("best trial", {1: 0.2, 3: 0.8}) == (
        "Stack by best trial: 001 (0.20), 003 (0.80); each fold takes the trial that is best on the other folds: "
        "shares of the folds"
    )
    assert describe_stack("best trial", {1: 1.0}) == "Stack by best trial: 001 (1.00)"
    assert describe_stack("average", {1: 0.5, 2: 0.5}) == "Stack by average: 001 (0.50), 002 (0.50)"


def test_a_leaderboard_shows_what_it_is_sorted_by(tiny):
    table = read_leaderboard(tiny.study).table
    shown = {}
    for measure in ("", "macro f1"):
        terminal, output = make()
        print_leaderboard(terminal, table, measure, top=1)
        shown[measure] = output.getvalue()
    best = f"{table['utility'].iloc[0]:.4f}"
    assert "macro f1" in shown["macro f1"]
    assert shown["macro f1"].count(best) == shown[""].count(best) + 1
