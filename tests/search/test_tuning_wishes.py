from dataclasses import replace

import pytest

from automl_skin.search.config import StudyConfig
from automl_skin.search.tuning_wishes import TuningWishes, budget_of

AUTO = TuningWishes(("auto",), n_images=1000, n_folds=5, budget_seconds=1000.0)


def test_networks_are_those_that_the_ways_need():
    assert AUTO.held_out == ((0,), (1,), (2,), (3,), (4,))
    assert replace(AUTO, ways=("rotation",)).held_out == ((0, 1), (0, 4), (1, 2), (2, 3), (3, 4))
    assert len(replace(AUTO, ways=("within", "rotation")).held_out) == 10


@pytest.mark.parametrize(
    ("settings", "on_gpu", "seconds"),
    [
        ({}, False, 0.0),
        ({}, True, 3600.0),
        ({"timeout_seconds": 600.0}, True, 300.0),
        ({"tuning_budget_seconds": 60.0}, False, 60.0),
        ({"tuning": ["none"], "tuning_budget_seconds": 60.0}, True, 0.0),
        ({"tuning": ["full"]}, False, None),
        ({"tuning": ["full"], "tuning_budget_seconds": 60.0}, False, 60.0),
    ],
)
def test_budget_by_device(settings, on_gpu, seconds):
    assert budget_of(StudyConfig().with_settings(settings), on_gpu=on_gpu) == seconds
