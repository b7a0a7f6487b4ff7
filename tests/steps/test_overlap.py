"""Photographs of the training are found again where a bundle is evaluated, and told."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from automl_skin.export.bundle import read_photographs
from automl_skin.steps.evaluate import LabelledSet, evaluate
from automl_skin.steps.overlap import measure_overlap


@pytest.fixture
def parts(tiny):
    """The rows of the development cases, and those of the locked ones."""
    plan = tiny.study.read_plan()
    ids = tiny.rows["image_id"]
    return tiny.rows[ids.isin(plan.development)], tiny.rows[ids.isin(plan.locked)]


def evaluated(tiny, rows, images, folder):
    rows.to_csv(folder / "labelled.csv", index=False)
    labelled = LabelledSet((folder / "labelled.csv",), images, "diagnosis", ("melanoma", "carcinoma"), {})
    return evaluate(tiny.bundle, labelled, folder / "out")


def test_bundle_knows_the_development_photographs_and_no_other(tiny, parts):
    development, _ = parts
    known = read_photographs(tiny.bundle)
    assert len(known.contents) == len(development) < len(tiny.rows)
    stored = (tiny.bundle / "photographs.safetensors").read_bytes()
    assert not any(name.encode() in stored for name in tiny.rows["image_id"])


def test_an_evaluation_on_training_photographs_says_so(tiny, parts, tmp_path):
    development, locked = parts
    evaluation = evaluated(tiny, development, tiny.images, tmp_path)
    assert (evaluation.overlap.n_exactly, evaluation.overlap.n_new) == (len(development), 0)
    assert any("No case is left" in line for line in evaluation.lines())
    evaluation = evaluated(tiny, locked, tiny.images, tmp_path)
    assert evaluation.overlap.n_new == len(locked)
    assert any("No case shows a photograph" in line for line in evaluation.lines())


def test_some_known_cases_are_counted_and_left_out_of_a_second_figure(tiny, parts, tmp_path):
    development, locked = parts
    same, again = development.iloc[:3], development.iloc[3:6]
    images = tmp_path / "images"
    images.mkdir()
    for name in [*locked["image_id"], *same["image_id"], *again["image_id"]]:
        shutil.copy(tiny.images / f"{name}.jpg", images)
    for name in again["image_id"]:
        Image.open(images / f"{name}.jpg").save(images / f"{name}.jpg", quality=60)
    rows = tiny.rows[tiny.rows["image_id"].isin([path.stem for path in images.iterdir()])]
    evaluation = evaluated(tiny, rows, images, tmp_path)
    overlap = evaluation.overlap
    assert (overlap.n_exactly, overlap.n_nearly, overlap.n_new) == (3, 3, len(locked))
    only_locked = evaluated(tiny, locked, tiny.images, tmp_path)
    assert overlap.new_auc == only_locked.auc != evaluation.auc
    written = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert written["overlap"]["n_nearly"] == 0  # the later one's
    assert (
        f"Warning: 6 of {len(rows)} cases show a photograph that trained the model (3 exactly, 3 nearly)"
        in ("\n".join(evaluation.lines()))
    )


def test_other_cases_of_a_known_patient_are_no_new_ones():
    groups = np.array(["a", "a", "b", "c", "d", "e"], object)
    labels = np.array([0, 1, 0, 1, 0, 1])
    probabilities = np.column_stack([1 - labels, labels]).astype(float)
    known = np.array([2, 0, 1, 0, 0, 0])
    overlap = measure_overlap(known, labels, probabilities, groups, 0.5, ("no", "yes"))
    assert (overlap.n_exactly, overlap.n_nearly, overlap.n_related, overlap.n_new) == (1, 1, 1, 3)
    assert "1 more are of the same patients or lesions" in overlap.lines()[0]
