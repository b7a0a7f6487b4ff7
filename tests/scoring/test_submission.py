from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_skin.errors import ConfigError, TableError
from automl_skin.evaluation.class_decisions import ClassRule
from automl_skin.export.bundle import read_facts
from automl_skin.scoring.submission import FORMATS, MILK10K, require_submittable, write_submission


@pytest.fixture(scope="module")
def facts(tiny):
    return read_facts(tiny.bundle)


def test_a_submission_has_names_without_extension_and_the_probabilities_as_they_are(facts, tmp_path):
    scores = tmp_path / "scores.csv"
    scores.write_text(
        "image_name,patient_id,probability,decision,flags\n"
        "test/ISIC_0052060.jpg,IP_1,0.12345678901234,benign,\n"
        "ISIC_0052349,IP_1,1e-05,benign,\n"
        "ISIC_0058510,IP_2,,,no image\n"
    )
    shares = replace(facts, priors=(0.75, 0.25))
    assert write_submission(scores, "image_name", None, shares, FORMATS["siim2020"], tmp_path / "s.csv") == 1
    assert (tmp_path / "s.csv").read_text() == (
        "image_name,target\nISIC_0052060,0.12345678901234\nISIC_0052349,1e-05\nISIC_0058510,0.25\n"
    )


def test_an_image_twice_is_refused(facts, tmp_path):
    scores = tmp_path / "scores.csv"
    scores.write_text("image,probability,decision,flags\na/x.jpg,0.1,,\ny.jpg,0.2,,\nb/x.png,0.3,,\n")
    with pytest.raises(TableError, match="each image once, got 'x' in rows 1, 3"):
        write_submission(scores, "image", None, facts, FORMATS["siim2020"], tmp_path / "s.csv")
    assert not (tmp_path / "s.csv").exists()


def test_other_classes_than_the_formats_are_refused(multiclass_bundle):
    several = read_facts(multiclass_bundle)
    with pytest.raises(
        ConfigError, match="siim2020: expected a bundle of a binary target, got one of the classes"
    ):
        require_submittable("siim2020", several)
    with pytest.raises(
        ConfigError, match=r"milk10k: expected a bundle of the classes AKIEC, .* got one without AKIEC"
    ):
        require_submittable("milk10k", several)
    with pytest.raises(ConfigError, match="expected one of siim2020, milk10k, isic, got 'kaggle'"):
        require_submittable("kaggle", several)
    assert require_submittable("isic", several) == FORMATS["isic"]


def test_milk10k_has_a_row_per_lesion_with_what_crosses_half_at_the_thresholds(facts, tmp_path):
    backwards = MILK10K[::-1]  # the published order is the format's, whatever that of the bundle
    thresholds = tuple(0.1 + 0.05 * k for k in range(11))
    rule = ClassRule(thresholds, (1.0,) * 11)
    several = replace(facts, classes=backwards, positive=(), priors=(1 / 11,) * 11, rule=rule)
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(11), 2)
    cells = [",".join(map(repr, row.tolist())) for row in p]
    names = ",".join(f"probability_{name}" for name in backwards)
    scores = tmp_path / "scores.csv"
    scores.write_text(
        f"lesion_id,isic_id,{names},decision,flags\n"
        f"IL_2,ISIC_1,{cells[0]},NV,\nIL_2,ISIC_2,{cells[0]},NV,\nIL_1,ISIC_3,{cells[1]},NV,\n"
        f"IL_3,ISIC_4,{',' * 10},,no image\n"
    )
    path = tmp_path / "s.csv"
    assert write_submission(scores, "isic_id", "lesion_id", several, FORMATS["milk10k"], path) == 1
    table = pd.read_csv(path)
    assert list(table.columns) == ["lesion_id", *MILK10K]
    assert list(table["lesion_id"]) == ["IL_2", "IL_1", "IL_3"]
    values = table[list(backwards)].to_numpy()
    assert ((values >= 0) & (values <= 1)).all()
    np.testing.assert_array_equal(values[:2] >= 0.5, p >= np.array(thresholds))


def test_score_writes_its_scores_beside_one(tiny, end_to_end, tmp_path):
    rows = tiny.rows.head(4).assign(image_id=[*tiny.rows["image_id"][:3], "nowhere"])
    rows.to_csv(tmp_path / "table.csv", index=False)
    options = ["--data", tmp_path / "table.csv", "--images", tiny.images]
    options += ["--output", tmp_path / "submission.csv", "--submission", "siim2020"]
    ended = end_to_end.command("score", tiny.bundle, *options)
    assert ended.code == 3
    assert "1 rows have the shares of the classes in place of probabilities" in ended.output
    submission, scores = (
        pd.read_csv(tmp_path / name) for name in ("submission.csv", "submission.scores.csv")
    )
    assert list(submission.columns) == ["image_name", "target"]
    assert list(submission["image_name"]) == list(rows["image_id"])
    assert list(submission["target"][:3]) == list(scores["probability"][:3])
    again = end_to_end.command("score", tiny.bundle, *options)
    assert "--output: expected a new file" in again.errors


def test_a_folder_alone_gives_one_too(tiny, end_to_end, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    for name in tiny.rows["image_id"][:2]:
        (images / f"{name}.jpg").write_bytes((tiny.images / f"{name}.jpg").read_bytes())
    options = ["--images", images, "--output", tmp_path / "s.csv", "--submission", "siim2020"]
    ended = end_to_end.command("score", tiny.bundle, *options)
    assert ended.code == 0, ended.errors
    assert sorted(pd.read_csv(tmp_path / "s.csv")["image_name"]) == sorted(tiny.rows["image_id"][:2])
