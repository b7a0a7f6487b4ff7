import numpy as np
import pandas as pd
import pytest
from fabricated import FakeStudy
from PIL import Image

from automl_skin.tracking.exhibits import OVERVIEW, PREDICTIONS, Exhibits
from automl_skin.tracking.parent import open_parent


def test_predictions_stand_with_their_case_and_image(study):
    probabilities = study.trial(1)[1].calibrated
    table = Exhibits(study.cases).table(probabilities)
    assert table.columns.tolist() == ["fold", "label", "probability", "image"]
    np.testing.assert_allclose(table["probability"], probabilities[:, 1], atol=5e-7)
    assert table.loc["case_00007", "image"] == "images/7.jpg"


def test_several_classes_have_a_column_each(tmp_path):
    study = FakeStudy(tmp_path, n_classes=3)
    table = Exhibits(study.cases).table(study.trial(1)[1].calibrated)
    named = table.filter(regex="^probability_")
    assert named.columns.tolist() == ["probability_class 0", "probability_class 1", "probability_class 2"]
    np.testing.assert_allclose(named.sum(axis=1), 1, atol=2e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_run_gets_a_table_and_a_picture(store, tmp_path, n_classes):
    study = FakeStudy(tmp_path / "study", n_classes=n_classes)
    run_id = open_parent(store, study.facts(), None)
    Exhibits(study.cases).log(store, run_id, study.trial(1)[1])
    folder = tmp_path / "downloaded"
    folder.mkdir()
    table = pd.read_csv(store.client.download_artifacts(run_id, PREDICTIONS, str(folder)), index_col="case")
    assert table.index.tolist() == study.cases.table.index.tolist()
    with Image.open(store.client.download_artifacts(run_id, OVERVIEW, str(folder))) as picture:
        assert picture.width > 300
