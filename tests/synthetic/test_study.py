import hashlib
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from automl_skin.errors import ConfigError, StorageError
from automl_skin.synthetic.study import SYNTHETIC_ARGUMENTS, generate, study_folder, visible_strength


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_arguments_same_bytes(tmp_path) -> None:
    generate(tmp_path / "a", n_lesions=8, seed=1)
    generate(tmp_path / "b", n_lesions=8, seed=1)
    generate(tmp_path / "c", n_lesions=8, seed=2)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a") != contents(tmp_path / "c")


def test_table_images_and_oracle_have_the_same_rows(study) -> None:
    table = pd.read_csv(study.table, keep_default_na=False)
    assert sorted(path.stem for path in study.images.iterdir()) == sorted(table["image_id"])
    oracle = pd.read_csv(study.oracle)
    assert list(oracle["image_id"]) == list(table["image_id"])
    positive = table["diagnosis"].isin(SYNTHETIC_ARGUMENTS.positive)
    assert list(oracle["malignant"]) == list(positive)
    assert SYNTHETIC_ARGUMENTS.target in table


def test_some_fields_are_missing(study) -> None:
    table = pd.read_csv(study.table, keep_default_na=False)
    words = table[["age", "sex", "site"]].isin(["", "unknown"])
    assert 0.02 < words.to_numpy().mean() < 0.15


def test_a_complete_study_is_returned_at_once(study, folder) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    calls: list[tuple[int, int]] = []
    assert generate(folder, 60, 3, progress=lambda *call: calls.append(call)) == study
    assert (calls, before) == ([], {path: path.stat().st_mtime_ns for path in folder.rglob("*")})


def test_progress_ends_with_all_images(tmp_path) -> None:
    calls: list[tuple[int, int]] = []
    study = generate(tmp_path / "study", 6, 0, progress=lambda *call: calls.append(call))
    assert len(calls) == 6
    assert calls[-1] == (len(list(study.images.iterdir())),) * 2


def test_an_interrupted_run_leaves_no_study_and_the_next_is_whole(tmp_path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done > 4:
            raise KeyboardInterrupt("the user")

    with pytest.raises(KeyboardInterrupt, match="the user"):
        generate(tmp_path / "study", 8, 1, progress=interrupt)
    assert not (tmp_path / "study").exists()
    generate(tmp_path / "study", 8, 1)
    generate(tmp_path / "other", 8, 1)
    assert contents(tmp_path / "study") == contents(tmp_path / "other")


def test_other_arguments_and_other_files_are_refused(folder, tmp_path) -> None:
    with pytest.raises(ConfigError, match="choose another folder or delete it"):
        generate(folder, n_lesions=61, seed=3)
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(StorageError, match="expected no folder or an empty one"):
        generate(tmp_path, n_lesions=8)
    with pytest.raises(ConfigError, match="at least 1 lesion"):
        generate(tmp_path / "none", n_lesions=0)


def test_an_empty_folder_is_filled(tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    assert generate(tmp_path / "empty", n_lesions=4).table.is_file()


def test_the_folder_is_named_after_the_arguments(tmp_path) -> None:
    assert (
        len({study_folder(tmp_path, 8, 0), study_folder(tmp_path, 9, 0), study_folder(tmp_path, 8, 1)}) == 3
    )


def test_factors_show_monotonically() -> None:
    strengths = [visible_strength(factor) for factor in (-4.0, -1.0, 0.0, 1.0, 4.0)]
    assert strengths == sorted(strengths)
    assert (strengths[0], strengths[2], strengths[-1]) == (0.0, 0.5, 1.0)


@pytest.mark.slow
def test_mean_and_deviation_of_colours_say_little(tmp_path) -> None:
    """Below half of the image oracle's distance from 0.5; texture energy says more than that."""
    study = generate(tmp_path / "study", n_lesions=400, seed=0)
    table = pd.read_csv(study.table)
    malignant = table["diagnosis"].isin(SYNTHETIC_ARGUMENTS.positive).to_numpy()
    pictures = [cv2.imread(str(study.images / f"{name}.jpg")).astype(float) for name in table["image_id"]]
    colours = np.array([[*picture.mean(axis=(0, 1)), *picture.std(axis=(0, 1))] for picture in pictures])
    detail = np.array(
        [np.abs(picture - cv2.GaussianBlur(picture, (0, 0), 2.0)).mean(axis=(0, 1)) for picture in pictures]
    )
    half = 0.5 + (study.oracle_auc["image"] - 0.5) / 2
    patients = table["patient_id"].to_numpy()
    assert grouped_auc(colours, malignant, patients) < half
    assert grouped_auc(np.hstack([np.log(detail), colours]), malignant, patients) > half


def grouped_auc(columns: np.ndarray, malignant: np.ndarray, patients: np.ndarray) -> float:
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    scores = cross_val_predict(model, columns, malignant, groups=patients, cv=folds, method="predict_proba")
    return float(roc_auc_score(malignant, scores[:, 1]))
