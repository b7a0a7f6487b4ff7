from dataclasses import replace

import pandas as pd
import pytest

from automl_skin.errors import ConfigError, TableError
from automl_skin.export.bundle import read_facts
from automl_skin.scoring.submission import require_binary, write_submission


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
    assert (
        write_submission(scores, "image_name", replace(facts, priors=(0.75, 0.25)), tmp_path / "s.csv") == 1
    )
    assert (tmp_path / "s.csv").read_text() == (
        "image_name,target\nISIC_0052060,0.12345678901234\nISIC_0052349,1e-05\nISIC_0058510,0.250000\n"
    )


def test_an_image_twice_is_refused(facts, tmp_path):
    scores = tmp_path / "scores.csv"
    scores.write_text("image,probability,decision,flags\na/x.jpg,0.1,,\ny.jpg,0.2,,\nb/x.png,0.3,,\n")
    with pytest.raises(TableError, match="each image once, got 'x' in rows 1, 3"):
        write_submission(scores, "image", facts, tmp_path / "s.csv")
    assert not (tmp_path / "s.csv").exists()


def test_several_classes_have_no_submission(multiclass_bundle):
    with pytest.raises(ConfigError, match="expected a bundle of a binary target, got one of the classes"):
        require_binary(read_facts(multiclass_bundle))


def test_score_writes_one_beside_its_scores(tiny, end_to_end, tmp_path):
    rows = tiny.rows.head(4).assign(image_id=[*tiny.rows["image_id"][:3], "nowhere"])
    rows.to_csv(tmp_path / "table.csv", index=False)
    ended = end_to_end.command(
        "score",
        tiny.bundle,
        "--data",
        tmp_path / "table.csv",
        "--images",
        tiny.images,
        "--output",
        tmp_path / "scores.csv",
        "--submission",
        tmp_path / "submission.csv",
    )
    assert ended.code == 3
    assert "1 of its rows have the share of positives" in ended.output
    submission, scores = pd.read_csv(tmp_path / "submission.csv"), pd.read_csv(tmp_path / "scores.csv")
    assert list(submission.columns) == ["image_name", "target"]
    assert list(submission["image_name"]) == list(rows["image_id"])
    assert list(submission["target"][:3]) == list(scores["probability"][:3])


def test_a_folder_alone_gives_one_too(tiny, end_to_end, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    for name in tiny.rows["image_id"][:2]:
        (images / f"{name}.jpg").write_bytes((tiny.images / f"{name}.jpg").read_bytes())
    options = ["--images", images, "--output", tmp_path / "o.csv", "--submission", tmp_path / "s.csv"]
    ended = end_to_end.command("score", tiny.bundle, *options)
    assert ended.code == 0, ended.errors
    assert sorted(pd.read_csv(tmp_path / "s.csv")["image_name"]) == sorted(tiny.rows["image_id"][:2])
