import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from automl_skin.evaluation.plots.search import _draw_best, _set_range, history_plot, spread_plot


def test_best_so_far():
    axes = Figure().add_subplot()
    _draw_best(axes, np.array([np.nan, 0.7, 0.6, np.nan, 0.9]))
    x, y = axes.lines[0].get_data()
    assert list(x) == [1, 2, 3, 4]
    assert list(y) == [0.7, 0.7, 0.7, 0.9]
    assert axes.texts[0].get_text() == "0.9000, trial 4"


def test_bad_trials_do_not_squeeze_the_axis():
    axes = Figure().add_subplot()
    foot = _set_range(axes, np.array([0.2, 0.89, 0.9, 0.9, 0.905, 0.91]))
    assert 0.8 < foot < 0.89
    assert axes.get_ylim()[1] > 0.91


@pytest.mark.parametrize("values", [[0.7, 0.8, np.nan, 0.3], [np.nan] * 4, [0.5] * 4])
def test_history_pictures(values, opened):
    opened(history_plot(values, ["mlp", "lightgbm", "mlp", "logistic"]))


def test_spread_pictures(opened):
    rng = np.random.default_rng(0)
    spread = pd.DataFrame(
        {
            "backbone": ["-"] + [f"backbone_{k}" for k in range(30)],
            "fusion": ["metadata"] + ["concat"] * 30,
            "head": rng.choice(["mlp", "lightgbm"], 31),
            "trials": rng.integers(1, 9, 31),
            "best": np.where(np.arange(31) == 4, np.nan, rng.random(31)),
        }
    )
    tall = opened(spread_plot(spread))
    assert tall.height > opened(spread_plot(spread[:5], metric="utility")).height
    opened(spread_plot(spread[4:5]))
