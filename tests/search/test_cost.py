import pytest

from automl_skin.chains.config import BranchConfig, ChainConfig
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.networks import NetworkId
from automl_skin.search.cost import MIN_FINISHED, why_too_costly
from automl_skin.search.trial import TrialPlan, TrialRecord


def chain(seconds):
    """Return a chain whose penalty says what it costs."""
    head = FAMILIES["logistic"].config(c=seconds)
    return ChainConfig("image", (BranchConfig("logistic", head),), (NetworkId("net", "plain"),))


def seconds(config):
    return config.branches[0].head.c


def records(costs, state="finished"):
    return [
        TrialRecord(TrialPlan(number, "search", "", {}, chain(cost)), state, (0.8,), (0.8,), 1.0, 0.0)
        for number, cost in enumerate(costs)
    ]


KNOWN = records([3.0] * MIN_FINISHED)


def test_more_than_ten_times_the_median_is_not_tried():
    assert why_too_costly(chain(30.0), KNOWN, seconds) == ""
    why = why_too_costly(chain(66.0), KNOWN, seconds)
    assert why.startswith("would take 22 times the median of the finished trials, more than 10 times (est")
    assert "66 s against 3.0 s" in why


def test_what_was_stopped_or_failed_is_no_measure():
    dear = [*records([900.0] * 30, "stopped"), *records([900.0] * 30, "failed")]
    assert why_too_costly(chain(40.0), [*dear, *KNOWN], seconds)
    assert why_too_costly(chain(40.0), records([900.0] * 30), seconds) == ""


def test_before_ten_have_finished_none_is_stopped():
    assert why_too_costly(chain(1e6), KNOWN[1:], seconds) == ""
    assert why_too_costly(chain(1e6), KNOWN, seconds)


@pytest.mark.parametrize(("cost", "stopped"), [(9.0, False), (11.0, True)])
def test_where_all_take_a_moment_some_seconds_are_granted(cost, stopped):
    assert bool(why_too_costly(chain(cost), records([0.001] * 12), seconds)) is stopped


def test_trials_that_cost_nothing_have_a_median_as_well():
    assert "far more than the median" in why_too_costly(chain(11.0), records([0.0] * 12), seconds)
