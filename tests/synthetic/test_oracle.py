import numpy as np
import pandas as pd
import pytest

from automl_skin.errors import IntegrityError, TableError
from automl_skin.synthetic.oracle import oracle_auc, read_oracle


def test_all_rows_give_the_study_s_figures(study, folder) -> None:
    oracle = read_oracle(folder)
    assert oracle_auc(oracle) == study.oracle_auc
    assert set(study.oracle_auc) == {"image", "metadata", "both"}


def test_auc_on_some_rows_is_that_of_these_rows(folder) -> None:
    some = read_oracle(folder).iloc[10:50]
    pairs = (
        some.loc[some["malignant"], "score"].to_numpy()[:, None]
        - some.loc[~some["malignant"], "score"].to_numpy()
    )
    wins = np.mean((pairs > 0) + 0.5 * (pairs == 0))
    assert oracle_auc(some)["both"] == pytest.approx(wins)


def test_risk_is_the_score_s_probability(folder) -> None:
    oracle = read_oracle(folder)
    np.testing.assert_allclose(oracle["risk"], 1.0 / (1.0 + np.exp(-oracle["score"])))


def test_one_class_has_no_auc(folder) -> None:
    oracle = read_oracle(folder)
    with pytest.raises(TableError, match="of one class"):
        oracle_auc(oracle[oracle["malignant"]])
    with pytest.raises(TableError, match="all 0 given"):
        oracle_auc(pd.DataFrame(oracle.iloc[:0]))


def test_a_folder_without_study_is_an_error(tmp_path) -> None:
    with pytest.raises(IntegrityError, match="generate the study first"):
        read_oracle(tmp_path)
