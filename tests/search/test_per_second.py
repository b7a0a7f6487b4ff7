import math

import numpy as np
import pytest

from automl_skin.search import per_second
from automl_skin.search.known import fixed_trials
from automl_skin.search.per_second import choose_candidate, gain_per_second, share_of_good
from automl_skin.search.propose import STARTUP, propose
from automl_skin.search.space import SpaceOptions
from automl_skin.search.trial import TrialRecord

OPTIONS = SpaceOptions(("net",), ("plain",))


def record(plan):
    utilities = tuple(np.random.default_rng(plan.number).uniform(0.7, 0.9, 5).tolist())
    return TrialRecord(plan, "finished", utilities, (), 1.0, 0.0)


@pytest.fixture(scope="module")
def known():
    records = [record(each.plan) for each in fixed_trials(OPTIONS)]
    while len(records) < STARTUP + 12:
        records.append(record(propose(len(records), records, [], OPTIONS, 0, "random").plan))
    return records


def test_of_equal_gains_the_cheaper_is_tried_and_of_equal_costs_the_likelier():
    assert choose_candidate([1.0, 1.0, 1.0], [30.0, 3.0, 3.0], 0.1) == 1
    assert choose_candidate([0.0, 2.0, 1.0], [3.0, 3.0, 3.0], 0.1) == 1
    # much cheaper is worth somewhat less likely; a moment's chain is not worth everything
    assert choose_candidate([1.0, 0.8], [300.0, 1.0], 0.1) == 1
    assert choose_candidate([1.0, -3.0], [3.0, 0.001], 0.1) == 0


def test_before_there_are_enough_trials_the_first_draw_is_taken():
    assert choose_candidate([math.nan, math.nan], [9.0, 1.0], 0.1) == 0


def test_the_gain_is_bergstras():
    gamma, ratio = 0.2, 0.7
    expected = 1.0 / (gamma + (1.0 - gamma) * math.exp(-ratio))
    per_half = math.log(expected) - per_second.COST_EXPONENT * math.log(per_second.SECONDS_BESIDE + 4.0)
    assert gain_per_second(ratio, 4.0, gamma) == pytest.approx(per_half)
    assert (share_of_good(0), share_of_good(10), share_of_good(1000)) == (0.1, 0.1, 0.025)


def test_what_costs_much_is_proposed_less_often(known):
    """Also says when Optuna's insides, on which the ratios rest, have changed."""

    def seconds(config):
        return 1000.0 if config.fusion == "concat" else 0.1

    def count(sampler):
        plans = [propose(n, known, [], OPTIONS, 3, sampler, seconds).plan for n in range(100, 112)]
        return sum(plan.config.fusion == "concat" for plan in plans)

    assert count("per_second") < count("tpe")


def test_only_the_answers_of_the_chain_itself_count(known, monkeypatch):
    """Settings of every family are drawn each time; those of other families say nothing of the proposal."""
    heard = []

    def note(ratios, seconds, gamma):
        heard.extend(ratios)
        return 0

    monkeypatch.setattr("automl_skin.search.propose.choose_candidate", note)
    propose(100, known, [], OPTIONS, 3, "per_second", lambda config: 1.0)
    assert len(heard) == per_second.N_CANDIDATES
    assert all(math.isfinite(ratio) for ratio in heard)
    sampler = per_second.make_tpe(per_second.DensityRatioSampler, 0, STARTUP)
    assert math.isnan(sampler.log_ratio(["head"]))
    sampler.ratios = {frozenset({"head", "fusion"}): 1.5, frozenset({"mlp.width"}): 40.0}
    assert sampler.log_ratio(["head", "fusion", "logistic.c"]) == 1.5
