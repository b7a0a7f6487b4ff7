import pytest

from automl_skin.errors import ConfigError
from automl_skin.scoring.decide import ScoringOptions
from automl_skin.steps.events import Progressed
from automl_skin.steps.score import score


def test_every_row_has_its_line_and_progress_is_told(tiny, end_to_end, tmp_path):
    tiny.rows.head(5).iloc[::-1].to_csv(tmp_path / "table.csv", index=False)
    told = []
    summary = score(
        tiny.bundle,
        tiny.images,
        tmp_path / "scores.csv",
        (tmp_path / "table.csv",),
        tell=told.append,
    )
    scores = end_to_end.read_scores(tmp_path / "scores.csv")
    assert (summary.rows, summary.unscored, summary.problems) == (5, 0, {})
    assert list(scores["image_id"]) == list(tiny.rows["image_id"][4::-1])
    assert Progressed("Scoring", 5, 5) in told


def test_options_reach_the_scores(tiny, end_to_end, tmp_path):
    tiny.rows.head(8).to_csv(tmp_path / "table.csv", index=False)

    def scores(wanted):
        score(tiny.bundle, tiny.images, tmp_path / "scores.csv", (tmp_path / "table.csv",), wanted)
        return end_to_end.read_scores(tmp_path / "scores.csv")

    plain, rarer = scores(None), scores(ScoringOptions(prevalence=0.01))
    assert (rarer["probability"] < plain["probability"]).all()
    assert list(rarer["decision"]) == list(plain["decision"])


def test_a_folder_alone_is_scored_image_by_image(tiny, end_to_end, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    for name in tiny.rows["image_id"][:3]:
        (images / f"{name}.jpg").write_bytes((tiny.images / f"{name}.jpg").read_bytes())
    (images / "broken.jpg").write_bytes(b"no picture")
    summary = score(tiny.bundle, images, tmp_path / "scores.csv")
    assert (summary.rows, summary.unscored) == (4, 1)
    assert [name for name in summary.problems if "broken.jpg" in name]
    scores = end_to_end.read_scores(tmp_path / "scores.csv").set_index("image")["probability"]
    assert list(scores.index[scores.isna()]) == ["broken.jpg"]


def test_images_that_are_no_folder_are_refused_before_the_bundle_is_read(tiny, tmp_path):
    with pytest.raises(ConfigError, match="--images: expected a folder"):
        score(tmp_path / "no bundle", tiny.table, tmp_path / "scores.csv")
    assert not list(tmp_path.iterdir())
