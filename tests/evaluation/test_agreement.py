from types import SimpleNamespace

import pytest

from automl_skin.evaluation.agreement import find_disagreements
from automl_skin.metrics.intervals import Interval

LOCKED = Interval(0.8, 0.75, 0.85)
FIGURES = SimpleNamespace(models={"stack": SimpleNamespace(auc=LOCKED)}, opened="opened once")


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        (Interval(0.9, 0.86, 0.93), "below the 0.900 (0.860 to 0.930) that cross-validation led to expect"),
        (Interval(0.7, 0.66, 0.74), "above the 0.700 (0.660 to 0.740) that cross-validation led to expect"),
        (Interval(0.9, 0.85, 0.93), ""),
        (Interval(0.7, 0.6, 0.75), ""),
    ],
)
def test_intervals_that_do_not_meet_are_said(expected, words):
    found = find_disagreements(FIGURES, {"stack": expected, "not measured": Interval(0.1, 0.1, 0.1)})
    assert len(found) == bool(words)
    if words:
        assert words in found[0]
        assert found[0].startswith(
            "Warning: the AUC of the stack is 0.800 (0.750 to 0.850) on the locked test set"
        )
