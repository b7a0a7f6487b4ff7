"""Promise 7: the same study gives the same trials and the same stack, bit for bit.

With made-up folds, two workers, kills and continuation this is tested in `tests/search/test_loop.py`.
"""

import numpy as np


def test_trials_and_stack_repeat_to_the_last_bit(fabricate, run_study):
    first, again = (run_study(fabricate(n_groups=90), n_trials=6) for _ in range(2))
    assert (first.rows.probabilities == again.rows.probabilities).all()
    assert first.comparison == again.comparison
    assert first.locked_auc == again.locked_auc


def test_the_order_of_the_trials_changes_nothing(material, small_chain, make_fitter):
    configs = [
        small_chain("late", "extra_trees"),
        small_chain("concat", "mlp", components=4),
        small_chain("rank"),
    ]
    forwards, backwards = make_fitter(material), make_fitter(material)
    held = [forwards.fit(config, 1)[1] for config in configs]
    for config, expected in zip(configs[::-1], held[::-1], strict=True):
        assert np.array_equal(backwards.fit(config, 1)[1], expected)
