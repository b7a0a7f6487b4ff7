import numpy as np
import pandas as pd

from automl_skin.features.levels import RARE, fit_levels


def test_rare_levels_share_a_column():
    column = fit_levels(pd.Series(["a"] * 12 + ["b"] * 10 + ["c"] * 2 + ["d", None]), "site", rare_below=10)
    assert column.levels == ("a", "b", RARE)
    assert np.allclose(column.shares, [12 / 25, 10 / 25, 3 / 25])
    assert column.read(pd.Series(["b", "c", "new"])).tolist() == [1.0, 2.0, 2.0]


def test_without_rare_levels_an_unseen_one_is_missing():
    column = fit_levels(pd.Series(["a", "b"] * 10), "sex", rare_below=10)
    assert column.levels == ("a", "b")
    assert np.isnan(column.read(pd.Series(["new", None]))).all()


def test_levels_of_a_categorical_column():
    values = pd.Series(["a", "b", None] * 10, dtype="category")
    assert fit_levels(values, "site", rare_below=1).levels == ("a", "b")
