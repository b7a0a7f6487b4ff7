import re
from types import SimpleNamespace

import pytest

from automl_skin.metrics.intervals import auc_difference, auc_interval
from automl_skin.papers.analyses.locked_intervals import locked_intervals

PLAN = SimpleNamespace(waiver="the given split cuts 7 groups; 67.5% of the locked ones", remarks=("a note",))


@pytest.fixture
def opened(context):
    def make(**options):
        made = context(2, **options)
        made.study.read_plan = lambda: PLAN
        return made

    return make


def test_intervals_are_those_of_whole_groups_of_the_mean_of_the_chains(opened):
    made = opened()
    section = locked_intervals(made, cells={"good": "ours"}, pairs=[["chance", "good"]])
    locked = made.locked
    mean = {name: values.mean(axis=0) for name, values in locked.calibrated.items()}
    groups = locked.material.groups
    interval = auc_interval(locked.labels, mean["good"], groups, seed=0)
    assert f"| ours | {interval.value:.3f} ({interval.low:.3f} to {interval.high:.3f}) |" in section.markdown
    gain = auc_difference(locked.labels, mean["good"], mean["chance"], groups, seed=0)
    assert (
        f"- good on chance: {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}), paired"
        in section.markdown
    )


def test_the_waiver_and_the_number_of_cases_stand_above(opened):
    text = locked_intervals(opened()).markdown
    assert re.search(r"^[\d,]+ locked cases, \d+ of the last class, in \d+ groups; opened once\.", text)
    assert "Waiver: the given split cuts 7 groups; 67.5% of the locked ones" in text
    assert "a note" in text
    assert "absent" not in text


def test_without_locked_cases_it_says_so(opened):
    section = locked_intervals(opened(locked=False))
    assert section.markdown.startswith("The locked cases were not opened.")
