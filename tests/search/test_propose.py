import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from automl_skin.chains.config import WAYS
from automl_skin.networks import NetworkId
from automl_skin.records import to_plain
from automl_skin.search.known import fixed_trials, list_tuned_trials
from automl_skin.search.propose import NEVER_STOPPED, Proposal, propose
from automl_skin.search.space import Given, SpaceOptions, choose_chain
from automl_skin.search.trial import TrialPlan, TrialRecord

OPTIONS = SpaceOptions(("a", "b"), ("plain", "grey"), diagnosis=True)


def utilities(number, n_folds=5):
    return tuple(np.random.default_rng(number).uniform(0.7, 0.9, n_folds).tolist())


def record(plan, state="finished", folds=None):
    values = {"finished": 5, "stopped": 2, "failed": 0}[state]
    return TrialRecord(plan, state, folds or utilities(plan.number, values), (), 1.0, 0.0)


def history(n_trials, sampler="random"):
    records = [record(proposal.plan) for proposal in fixed_trials(OPTIONS)][:n_trials]
    while len(records) < n_trials:
        plan = propose(len(records), records, [], OPTIONS, 0, sampler).plan
        records.append(record(plan, ("finished", "stopped", "failed")[len(records) % 3]))
    return records


@pytest.fixture(scope="module")
def known():
    return history(40)


@pytest.mark.parametrize("sampler", ["tpe", "per_second", "random"])
def test_the_same_arguments_give_the_same_proposal(sampler, known):
    pending = [record.plan for record in known[-3:]]

    def plan(number, seed=7):
        return propose(number, known[:-3], pending, OPTIONS, seed, sampler, lambda config: 1.0).plan

    first = plan(40)
    np.random.default_rng().random()
    propose(41, known, [], OPTIONS, 7, sampler, lambda config: 1.0)
    assert plan(40) == first
    assert plan(40, seed=8) != first
    assert plan(42).config != first.config


PROGRAM = """
import json, sys
from automl_skin.records import from_plain, to_plain
from automl_skin.search.propose import propose
from automl_skin.search.space import SpaceOptions
from automl_skin.search.trial import TrialRecord
known = [from_plain(TrialRecord, value, "stdin") for value in json.load(sys.stdin)]
options = SpaceOptions(("a", "b"), ("plain", "grey"), diagnosis=True)
plan = propose(40, known[:-3], [each.plan for each in known[-3:]], options, 7).plan
print(json.dumps([to_plain(plan.config), dict(plan.params)]))
"""


def test_another_process_with_another_hash_seed_proposes_the_same(known):
    """Through JSON, as when a killed search is continued."""
    text = json.dumps([to_plain(each) for each in known])
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=text,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "123"},
    )
    plan = propose(40, known[:-3], [each.plan for each in known[-3:]], OPTIONS, 7).plan
    assert json.loads(answer.stdout) == json.loads(json.dumps([to_plain(plan.config), dict(plan.params)]))


def test_outcomes_and_pending_trials_matter(known):
    plan = propose(40, known, [], OPTIONS, 7).plan
    other = [record(each.plan, each.state, tuple(1 - value for value in each.utilities)) for each in known]
    assert propose(40, other, [], OPTIONS, 7).plan.config != plan.config
    pending = [each.plan for each in known[-12:]]
    proposals = [
        [propose(number, known[:-12], beside, OPTIONS, 7).plan.config for number in range(40, 44)]
        for beside in (pending, [])
    ]
    assert proposals[0] != proposals[1]


def test_a_proposal_is_the_chain_of_its_answers(known):
    plan = propose(40, known, [], OPTIONS, 7).plan
    chooser = Given(plan.params)
    assert choose_chain(chooser, OPTIONS) == plan.config
    assert chooser.params == dict(plan.params)
    assert (plan.number, plan.kind, plan.name) == (40, "search", plan.config.title)


def test_failed_trials_and_baselines_teach_nothing(known):
    without = [each for each in known if each.state != "failed" and each.plan.params]
    assert propose(40, without, [], OPTIONS, 7).plan == propose(40, known, [], OPTIONS, 7).plan


def better_by(known, gain):
    finished = [each for each in known if each.state == "finished"]
    return [float(np.median([each.utilities[fold] for each in finished])) + gain for fold in range(5)]


def test_what_is_below_the_median_is_stopped_and_what_is_above_goes_on(known):
    for gain, stopped in ((-0.3, True), (0.3, False)):
        proposal = propose(40, known, [], OPTIONS, 7)
        assert proposal.should_stop(better_by(known, gain)[:1]) is stopped


def test_none_of_the_first_trials_is_stopped(known):
    trial = propose(24, known, [], OPTIONS, 7).trial
    for number in range(NEVER_STOPPED):
        plan = TrialPlan(number, "search", "", {}, known[-1].plan.config)
        assert not Proposal(plan, trial).should_stop([0.0])
    plan = TrialPlan(NEVER_STOPPED, "search", "", {}, known[-1].plan.config)
    assert Proposal(plan, trial).should_stop([0.0])
    assert NEVER_STOPPED == 25


def test_the_optimiser_finds_what_is_better():
    """Fusion `late` is worth 0.1: after thirty trials TPE proposes it far more often than chance does."""
    records = [record(proposal.plan, folds=(0.7,) * 5) for proposal in fixed_trials(OPTIONS)]
    for number in range(len(records), 45):
        plan = propose(number, records, [], OPTIONS, 0).plan
        worth = 0.7 + 0.1 * (plan.config.fusion == "late") + 0.001 * (number % 3)
        records.append(record(plan, folds=(worth,) * 5))
    late = [each.plan.config.fusion == "late" for each in records[30:]]
    assert np.mean(late) > 0.5


def test_trials_of_before_count_when_the_space_has_grown(known):
    """Tuned sets come while a study goes on, one after another; every trial of before stays what it was."""
    first = NetworkId("a", "plain", "full")
    records = list(known)
    for tuned in ((first,), (first, NetworkId("b", "grey", "joint"))):
        options = replace(OPTIONS, tuned=tuned, ways=WAYS)
        begins_at = len(records)
        for proposal in list_tuned_trials(options, tuned[-1:]):
            records.append(record(replace(proposal.plan, number=len(records))))
        for number in range(len(records), begins_at + 20):
            records.append(record(propose(number, records, [], options, 0).plan))
        assert any(each.plan.config.is_tuned for each in records[begins_at + 10 :])


def test_a_space_without_tuned_networks_replays_what_was_answered(known):
    """What is told to the optimiser about a trial is what its record says."""
    for each in known:
        if each.plan.params:
            chooser = Given(dict(each.plan.params))
            choose_chain(chooser, OPTIONS)
            assert chooser.params == each.plan.params
            assert list(chooser.params) == list(each.plan.params)
