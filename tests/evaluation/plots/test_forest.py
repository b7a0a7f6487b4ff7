import numpy as np
import pandas as pd
import pytest

from automl_skin.evaluation.figures import locked_figures
from automl_skin.evaluation.plots.forest import forest_plot


@pytest.mark.parametrize("names", [["stack"], ["stack", "best trial", "metadata alone", "image alone"]])
def test_pictures(two, names, opened):
    labels, p = two
    cases = pd.DataFrame({"target": labels, "group": np.arange(300), "lesion": np.arange(300) // 2})
    models = {name: p if name == "stack" else p[::-1] for name in names}
    opened(forest_plot(locked_figures(cases, models, np.array([0.75, 0.25]), 1, 0)))
