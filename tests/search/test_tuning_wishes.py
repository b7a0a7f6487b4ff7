from dataclasses import replace

from automl_skin.search.tuning_wishes import TuningWishes

AUTO = TuningWishes(("auto",), n_images=1000, n_folds=5, budget_seconds=1000.0)


def test_networks_are_those_that_the_ways_need():
    assert AUTO.held_out == ((0,), (1,), (2,), (3,), (4,))
    assert replace(AUTO, ways=("rotation",)).held_out == ((0, 1), (0, 4), (1, 2), (2, 3), (3, 4))
    assert len(replace(AUTO, ways=("within", "rotation")).held_out) == 10
