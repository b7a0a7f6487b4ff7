import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from automl_skin.synthetic.population import (
    DIAGNOSES,
    FACTORS,
    SOURCES,
    draw_images,
    draw_lesions,
    metadata_table,
)


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    return draw_lesions(20_000, seed=1)


def test_the_oracle_aucs_are_as_designed(many: pd.DataFrame) -> None:
    auc = {
        name: roc_auc_score(many["malignant"], many[name])
        for name in ("image_score", "metadata_score", "score")
    }
    assert auc["image_score"] == pytest.approx(0.89, abs=0.01)
    assert auc["metadata_score"] == pytest.approx(0.755, abs=0.015)
    assert auc["score"] == pytest.approx(0.915, abs=0.01)


def test_labels_follow_the_risk(many: pd.DataFrame) -> None:
    tenth = pd.qcut(many["risk"], 10, labels=False)
    by_tenth = many.groupby(tenth)[["risk", "malignant"]].mean()
    np.testing.assert_allclose(by_tenth["malignant"], by_tenth["risk"], atol=0.035)


def test_scores_have_unit_variance_and_factors_are_standard_normal(many: pd.DataFrame) -> None:
    assert many["image_score"].std() == pytest.approx(1.0, abs=0.03)
    assert many["metadata_score"].std() == pytest.approx(1.0, abs=0.03)
    np.testing.assert_allclose(many[list(FACTORS)].std(), 1.0, atol=0.03)


def test_diagnosis_names_the_label_and_source_and_skin_tone_do_not(many: pd.DataFrame) -> None:
    malignant = many.groupby("diagnosis")["malignant"].agg(["min", "max"])
    assert set(malignant.index) == set(DIAGNOSES.values())
    assert (malignant["min"] == malignant["max"]).all()
    assert many["diagnosis"].value_counts(normalize=True).min() > 0.05
    assert np.ptp(many.groupby("source")["malignant"].mean().to_numpy()) < 0.03
    assert roc_auc_score(many["malignant"], many["skin_tone"]) == pytest.approx(0.5, abs=0.02)


def test_patients_have_several_lesions_and_lesions_several_images(many: pd.DataFrame) -> None:
    lesions_each = many["patient_id"].value_counts()
    images_each = draw_images(many, seed=1)["lesion_id"].value_counts()
    assert lesions_each.max() > 2
    assert set(images_each) == {1, 2, 3}
    of_the_patient = ["patient_id", "age_years", "sex", "source", "skin_tone"]
    assert len(many[of_the_patient].drop_duplicates()) == len(lesions_each)


def test_missing_fields_use_the_words_of_their_source_and_do_not_tell_the_label(many: pd.DataFrame) -> None:
    table = metadata_table(draw_images(many, seed=1), seed=1)
    malignant = table["diagnosis"].isin(["melanoma", "carcinoma"])
    for source, (_, word, shares) in SOURCES.items():
        here = table["source"] == source
        for column, share in zip(("age", "sex", "site"), shares, strict=True):
            missing = table.loc[here, column] == word
            assert missing.mean() == pytest.approx(share, abs=0.012)
            rates = malignant[here].groupby(missing).mean()
            assert rates[True] == pytest.approx(rates[False], abs=0.08)


def test_the_seed_decides() -> None:
    pd.testing.assert_frame_equal(draw_lesions(50, seed=5), draw_lesions(50, seed=5))
    assert not draw_lesions(50, seed=5)["risk"].equals(draw_lesions(50, seed=6)["risk"])


def test_metadata_table_holds_no_oracle_column(many: pd.DataFrame) -> None:
    table = metadata_table(draw_images(many.head(30), seed=1), seed=1)
    assert list(table.columns) == [
        "image_id", "lesion_id", "patient_id", "source", "age", "sex", "site", "diagnosis",
    ]  # fmt: skip
