"""The loop with chains whose folds are evaluated in no time; real chains at the end."""

import hashlib
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from automl_skin.errors import IntegrityError, LeakageError, SearchError
from automl_skin.features.encoder import EncoderConfig
from automl_skin.metrics.catalogue import METRICS
from automl_skin.metrics.folds import decide_nested, fold_utilities, split_by_fold
from automl_skin.records import to_plain
from automl_skin.search import cost, loop
from automl_skin.search.known import fixed_trials
from automl_skin.search.loop import Limits, Search
from automl_skin.search.objective import Bench, FoldOutcome
from automl_skin.search.propose import propose
from automl_skin.search.space import SpaceOptions
from automl_skin.search.trial import TrialJournal
from automl_skin.workers.processes import HereAndNow, open_workers

OPTIONS = SpaceOptions(("net", "other"), ("plain",), diagnosis=True)
FIXED = fixed_trials(OPTIONS)


def propose_trial(number, known, pending):
    return FIXED[number] if number < len(FIXED) else propose(number, known, pending, OPTIONS, 0)


class Evaluator:
    """Stands in for `evaluate_fold`: quality by configuration, noise by configuration and fold."""

    def __init__(self, material):
        self.material = material
        self.calls = 0
        self.after = lambda config: None
        self.pause = 0.0

    def __call__(self, bench, config, fold):
        self.calls += 1
        time.sleep(self.pause * np.random.default_rng().random())
        self.after(config)
        digest = hashlib.sha256(json.dumps(to_plain(config), sort_keys=True).encode()).digest()
        rng = np.random.default_rng([*digest[:8], fold])
        labels = self.material.labels[self.material.folds == fold]
        scores = rng.normal(size=(len(labels), 2)) + digest[9] / 100 * np.eye(2)[labels]
        return FoldOutcome(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True), 0.01)


@pytest.fixture
def evaluator(material, monkeypatch):
    evaluator = Evaluator(material)
    monkeypatch.setattr(loop, "evaluate_fold", evaluator)
    return evaluator


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    monkeypatch.setattr("automl_skin.search.evidence.N_RESAMPLES", 20)


@pytest.fixture
def make_search(material, tmp_path):
    def make(
        name="study", tell=lambda event: None, propose_trial=propose_trial, material=material, metric="auc"
    ):
        bench = Bench(tmp_path / "material", EncoderConfig(), 0)
        journal = TrialJournal(tmp_path / name / "trials")
        return Search(bench, material, METRICS[metric], journal, propose_trial, tell)

    return make


def propose_per_second(number, known, pending):
    """Propose by what chains cost as their names say, not as the clock does."""

    def seconds(config):
        return 20.0 if config.fusion == "concat" else 2.0

    if number < len(FIXED):
        return FIXED[number]
    return propose(number, known, pending, OPTIONS, 0, "per_second", seconds)


def table(search):
    """Everything about the trials on disk but the clock."""
    rows = []
    for record in search.journal.read():
        row = to_plain(record)
        del row["seconds"], row["started"]
        if record.state == "finished":
            row["raw"] = search.journal.predictions(record.plan.number).raw.tolist()
        rows.append(row)
    return rows


def run(search, trials, jobs=1, timeout=None):
    workers = HereAndNow() if jobs == 1 else ThreadPoolExecutor(jobs)
    with workers:
        search.run(Limits(trials, timeout, jobs), workers)
    return table(search)


def test_one_worker_repeats_its_table(evaluator, make_search):
    first = run(make_search("one"), 40)
    assert run(make_search("two"), 40) == first
    assert [row["plan"]["number"] for row in first] == list(range(40))
    assert {row["state"] for row in first} == {"finished", "stopped"}
    assert {row["state"] for row in first[:25]} == {"finished"}


def test_a_metric_of_probabilities_is_one_of_calibrated_ones(evaluator, make_search, material):
    search = make_search(metric="log_loss")
    search.run(Limits(40), HereAndNow())
    finished = [record for record in search.records if record.state == "finished"]
    for record in finished:
        said = search.journal.predictions(record.plan.number)
        by_fold = [
            METRICS["log_loss"].utility(material.labels[rows], said.calibrated[rows]) for rows in search.rows
        ]
        assert record.utilities == tuple(by_fold)
        raw = [METRICS["log_loss"].utility(material.labels[rows], said.raw[rows]) for rows in search.rows]
        assert np.abs(np.subtract(raw, by_fold)).max() > 0.01
    assert {record.state for record in search.records} == {"finished", "stopped"}


def test_decisions_are_fitted_on_the_other_folds_and_trials_are_stopped_by_them(
    evaluator, make_search, material
):
    search = make_search(metric="macro_f1")
    search.run(Limits(40), HereAndNow())
    folds = split_by_fold(material.labels, material.folds, METRICS["macro_f1"])
    for record in search.records:
        if record.state == "finished":
            said = search.journal.predictions(record.plan.number)
            assert record.utilities == fold_utilities(folds, said.calibrated)
            nested = decide_nested(folds, said.calibrated)
            assert record.metrics["macro_f1"] == METRICS["macro_f1"].function(material.labels, nested)
    assert {record.state for record in search.records} == {"finished", "stopped"}


def test_two_workers_repeat_their_table_whoever_is_faster(evaluator, make_search):
    evaluator.pause = 0.004
    first = run(make_search("one"), 34, jobs=2)
    assert run(make_search("two"), 34, jobs=2) == first


def test_a_larger_total_goes_on(evaluator, make_search):
    run(make_search("grown"), 10)
    run(make_search("grown"), 27)
    grown = run(make_search("grown"), 32)
    assert grown == run(make_search("at once"), 32)
    calls = evaluator.calls
    assert run(make_search("grown"), 20) == grown
    assert evaluator.calls == calls


@pytest.mark.parametrize("jobs", [1, 2])
def test_interrupted_anywhere_and_continued_is_uninterrupted(evaluator, make_search, jobs):
    whole = run(make_search("whole"), 32, jobs)
    rng = np.random.default_rng(jobs)
    interrupted = 0
    while len(make_search("broken").records) < 30:
        left = int(rng.integers(1, 40))

        def interrupt(config):
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt

        evaluator.after = interrupt
        try:
            run(make_search("broken"), 32, jobs)
        except KeyboardInterrupt:
            interrupted += 1
    evaluator.after = lambda config: None
    assert interrupted >= 3
    assert run(make_search("broken"), 32, jobs) == whole


@pytest.fixture
def strict_about_cost(monkeypatch):
    """Makes a trial too costly that takes more than the median, however little that is."""
    monkeypatch.setattr(cost, "MIN_SECONDS", 0.0)
    monkeypatch.setattr(cost, "MAX_TIMES_MEDIAN", 1.0)


@pytest.mark.usefixtures("strict_about_cost")
@pytest.mark.parametrize("jobs", [1, 2])
def test_what_costs_too_much_is_stopped_before_it_begins(evaluator, make_search, jobs):
    rows = run(make_search(), 40, jobs)
    stopped = [row for row in rows if row["reason"].startswith("would take ")]
    assert 0 < len(stopped) < 25
    assert {(row["state"], row["plan"]["kind"], *row["utilities"]) for row in stopped} == {
        ("stopped", "search")
    }
    assert {row["metrics"]["folds_finished"] for row in stopped} == {0.0}
    assert evaluator.calls == sum(len(row["utilities"]) for row in rows)
    assert all(row["state"] == "finished" for row in rows[: len(FIXED)])
    assert run(make_search("again"), 40, jobs) == rows


@pytest.mark.usefixtures("strict_about_cost")
def test_a_search_that_stops_by_cost_goes_on_as_if_never_interrupted(evaluator, make_search):
    whole = run(make_search("whole"), 36, jobs=2)
    for trials in (12, 13, 21, 22, 30):
        run(make_search("in parts"), trials, jobs=2)
    assert run(make_search("in parts"), 36, jobs=2) == whole
    left = 20

    def interrupt(config):
        nonlocal left
        left -= 1
        if left == 0:
            raise KeyboardInterrupt

    evaluator.after = interrupt
    while len(make_search("broken").records) < 36:
        left = 20
        try:
            run(make_search("broken"), 36, jobs=2)
        except KeyboardInterrupt:
            continue
    assert table(make_search("broken")) == whole


def test_killed_between_the_two_files_of_a_trial(evaluator, make_search, monkeypatch):
    whole = run(make_search("whole"), 6)
    run(make_search("killed"), 4)
    monkeypatch.setattr(
        "automl_skin.search.trial.write_json", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        run(make_search("killed"), 6)
    monkeypatch.undo()
    monkeypatch.setattr(loop, "evaluate_fold", evaluator)
    monkeypatch.setattr("automl_skin.search.evidence.N_RESAMPLES", 20)
    assert (make_search("killed").journal.folder / "0004.safetensors").is_file()
    assert run(make_search("killed"), 6) == whole


def failing(fails):
    def after(config):
        if fails(config):
            raise ValueError("the head fell off")

    return after


def test_failed_trials_say_why_and_do_not_count(evaluator, make_search):
    evaluator.after = failing(lambda config: config.family == "mlp")
    rows = run(make_search(), 30)
    failed = [row for row in rows if row["state"] == "failed"]
    assert failed
    assert {row["reason"] for row in failed} == {"ValueError: the head fell off"}
    assert all(row["calibrators"] == [] and "raw" not in row for row in failed)
    assert len(rows) - len(failed) == 30
    assert run(make_search("again"), 30) == rows


def test_ten_failures_in_a_row_end_the_search(evaluator, make_search):
    evaluator.after = failing(lambda config: True)
    with pytest.raises(
        SearchError, match=r"10 trials failed one after another \(ValueError: the head fell off\)"
    ):
        run(make_search(), 30)
    assert len(make_search().records) == 10
    evaluator.after = lambda config: None
    assert sum(row["state"] != "failed" for row in run(make_search(), 12)) == 12


def test_nine_failures_in_a_row_do_not(evaluator, make_search):
    numbers = iter(range(1000))
    evaluator.after = failing(lambda config: next(numbers) < 9)
    assert len(run(make_search(), 5)) == 14


def test_probabilities_that_are_not_finite_are_a_failure(material, make_search, monkeypatch):
    held = np.full((int((material.folds == 0).sum()), 2), np.nan)
    monkeypatch.setattr(loop, "evaluate_fold", lambda *_: FoldOutcome(held, 0.0))
    with pytest.raises(SearchError, match="probabilities that are not finite"):
        run(make_search(), 1)


@pytest.mark.parametrize("error", [IntegrityError, LeakageError])
def test_a_broken_promise_ends_the_search_at_once(error, evaluator, make_search):
    def after(config):
        raise error("the material was changed")

    evaluator.after = after
    with pytest.raises(error, match="the material was changed"):
        run(make_search(), 5)
    assert make_search().records == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_proposals_by_cost_repeat_their_table_interrupted_or_not(evaluator, make_search, jobs):
    evaluator.pause = 0.002 if jobs > 1 else 0.0
    whole = run(make_search("whole", propose_trial=propose_per_second), 32, jobs)
    assert run(make_search("again", propose_trial=propose_per_second), 32, jobs) == whole
    for end in (9, 24, 29):
        run(make_search("cut", propose_trial=propose_per_second), end, jobs)
    if jobs == 1:  # with more, what is known when a total is raised differs
        assert run(make_search("cut", propose_trial=propose_per_second), 32, jobs) == whole


def test_a_search_for_a_time_has_its_baselines_and_ends_for_good(evaluator, make_search):
    asked = []

    def has_time(records, costs):
        asked.append((len(records), len(costs), all(cost > 0.0 for cost in costs)))
        return len(asked) < 5

    search = make_search()
    search.run(Limits(1000, None, 1, has_time), HereAndNow())
    assert len(search.records) == 3 + 4
    assert asked == [(number, 1, True) for number in range(3, 8)]  # of a baseline nobody is asked
    never = make_search("never")
    never.run(Limits(1000, None, 1, lambda records, costs: False), HereAndNow())
    assert [each.plan.kind for each in never.records] == ["baseline"] * 3
    with ThreadPoolExecutor(2) as workers:
        several = make_search("several")
        asked.clear()
        several.run(Limits(1000, None, 2, has_time), workers)
    assert len(several.records) == 3 + 4
    assert max(n_costs for _, n_costs, _ in asked) > 1  # those under way count


def test_no_trial_is_begun_after_the_timeout(evaluator, make_search):
    rows = run(make_search(), 1000, timeout=1e-9)
    assert rows == []
    evaluator.after = lambda config: time.sleep(0.02)
    start = time.monotonic()
    rows = run(make_search(), 1000, timeout=0.3)
    assert 1 <= len(rows) < 30
    assert time.monotonic() - start < 10
    assert {row["state"] for row in rows} == {"finished"}


def test_every_trial_visits_the_folds_in_one_order(evaluator, make_search, monkeypatch):
    visits = {}

    def note(bench, config, fold):
        visits.setdefault(repr(config), []).append(fold)
        return evaluator(bench, config, fold)

    monkeypatch.setattr(loop, "evaluate_fold", note)
    run(make_search(), 34)
    assert {tuple(folds) for folds in visits.values()} <= {tuple(range(n)) for n in range(1, 6)}


def test_a_listener_is_told_in_order_of_what_is_on_disk(evaluator, make_search):
    told = []

    def tell(event):
        assert search.journal.read()[-1] == event.record
        assert (event.predictions is not None) == (event.record.state == "finished")
        told.append(event.record.plan.number)

    search = make_search(tell=tell)
    run(search, 30, jobs=2)
    assert told == list(range(30))


def test_a_trial_is_proposed_from_what_may_be_known(evaluator, make_search):
    asked = []

    def note(number, known, pending):
        asked.append((number, [each.plan.number for each in known], [plan.number for plan in pending]))
        return propose_trial(number, known, pending)

    evaluator.pause = 0.003
    run(make_search(propose_trial=note), 20, jobs=2)
    for number, known, pending in asked:
        assert known == list(range(max(number - 3, 0)))
        assert known + pending == list(range(number))


def test_trials_of_other_material_are_refused(evaluator, make_search, material):
    run(make_search(), 3)
    other = replace(material, plan_digest="another plan")
    with pytest.raises(IntegrityError, match=r"same cases, folds and embeddings, got 3 \(first: 0\)"):
        make_search(material=other)


def test_an_ended_worker_is_said(make_search, tmp_path):
    class Broken(HereAndNow):
        def submit(self, fn, /, *args, **kwargs):
            from concurrent.futures.process import BrokenProcessPool

            raise BrokenProcessPool

    with pytest.raises(SearchError, match="a worker process was killed from outside"):
        make_search().run(Limits(3), Broken())


def small(number, known, pending, small_chain):
    plan = FIXED[min(number, 14)].plan
    families = ("logistic", "extra_trees", "lightgbm")
    config = small_chain(("late", "concat")[number % 2], families[number % 3], components=4 + number)
    return replace(FIXED[0], plan=replace(plan, number=number, config=config))


@pytest.mark.slow
def test_real_chains_are_the_same_in_processes_and_here(make_search, material, small_chain, tmp_path):
    material.write(tmp_path / "material")
    tables = []
    for name, jobs in (("here", 1), ("processes", 2), ("again", 2)):
        search = make_search(name, propose_trial=lambda *given: small(*given, small_chain))
        with open_workers(jobs) as workers:
            search.run(Limits(6, None, jobs), workers)
        tables.append(table(search))
    assert tables[0] == tables[1] == tables[2]


@pytest.mark.slow
def test_killed_twenty_times_at_random_moments_the_table_is_the_same(tmp_path):
    """SIGKILL in the middle of whatever the process does, a write included; see `killed_search.py`."""
    program = Path(__file__).with_name("killed_search.py")
    answer = subprocess.run(
        [sys.executable, program, tmp_path], capture_output=True, text=True, check=False, timeout=500
    )
    assert answer.returncode == 0, answer.stderr
    facts = json.loads(answer.stdout)
    assert facts["kills"] >= 20
    assert facts["killed"] == facts["whole"]
    assert facts["left_over"] == []
