import numpy as np
import pandas as pd
import pytest

from automl_skin.synthetic.folder import oracle_auc
from automl_skin.synthetic.population import SCORES


@pytest.fixture(scope="module")
def oracle(study):
    return pd.read_csv(study.oracle, index_col="image_id")


def test_all_rows_give_the_study_s_figures(study, oracle) -> None:
    scores = {name: oracle[column].to_numpy() for name, column in SCORES.items()}
    assert oracle_auc(oracle["malignant"].to_numpy(), scores) == pytest.approx(study.oracle_auc)
    assert set(study.oracle_auc) == {"image", "metadata", "both"}


def test_auc_on_some_rows_is_that_of_these_rows(oracle) -> None:
    some = oracle.iloc[10:50]
    malignant, score = some["malignant"].to_numpy(), some["score"].to_numpy()
    pairs = score[malignant][:, None] - score[~malignant]
    wins = np.mean((pairs > 0) + 0.5 * (pairs == 0))
    assert oracle_auc(malignant, {"both": score})["both"] == pytest.approx(wins)


def test_risk_is_the_score_s_probability(oracle) -> None:
    np.testing.assert_allclose(oracle["risk"], 1.0 / (1.0 + np.exp(-oracle["score"])))


@pytest.mark.parametrize("malignant", [[True, True], [False, False], []])
def test_one_class_has_no_auc(malignant) -> None:
    assert oracle_auc(np.array(malignant, bool), {"both": np.zeros(len(malignant))}) == {}
