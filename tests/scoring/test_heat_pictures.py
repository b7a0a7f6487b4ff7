from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import automl_skin
from automl_skin.errors import ConfigError, StorageError
from automl_skin.explain import stack_heat
from automl_skin.explain.plots.heat_picture import heat_picture
from automl_skin.export.predictor import Predictor
from automl_skin.scoring import heat_pictures, stream
from automl_skin.scoring.heat_pictures import HeatPictures, file_name
from automl_skin.scoring.scores_file import read_scores

NAMES = ("--data", "--images", "--output", "--heat")


@pytest.fixture
def score(tiny, end_to_end, tmp_path):
    def run(rows, bundle=tiny.bundle, images=tiny.images, heat=tmp_path / "heat"):
        rows.to_csv(tmp_path / "table.csv", index=False)
        files = (tmp_path / "table.csv", images, tmp_path / "scores.csv", heat)
        return end_to_end.command(
            "score", bundle, *(each for pair in zip(NAMES, files, strict=True) for each in pair)
        )

    return run


def pictures(folder):
    return sorted(path.name for path in folder.iterdir())


def test_each_photograph_that_can_be_read_has_a_picture(tiny, score, tmp_path):
    rows = tiny.rows.head(4)
    ended = score(rows.assign(image_id=[*rows["image_id"][:3], "nowhere"]))
    assert ended.code == 3, ended.errors
    assert pictures(tmp_path / "heat") == [f"{row + 1:06d}-{rows['image_id'][row]}.png" for row in range(3)]
    assert "pictures of 3 rows; heat speaks for" in ended.output
    assert "No picture: 1 row, photograph could not be used" in ended.output
    picture = np.asarray(Image.open(tmp_path / "heat" / f"000001-{rows['image_id'][0]}.png"))
    assert picture.shape[1] == 830  # two photographs of 400 with margins
    original = Image.open(tiny.images / f"{rows['image_id'][0]}.jpg").convert("RGB").resize((400, 300))
    left = picture[10:310, 10:410].astype(int)
    assert np.abs(left - np.asarray(original)).mean() < 12  # nothing is written over it
    assert (picture[320:].min(axis=2) < 100).any()  # but below it


def test_the_pictures_change_no_score(tiny, score, end_to_end, tmp_path):
    assert score(tiny.rows.head(3)).code == 0
    tiny.rows.head(3).to_csv(tmp_path / "again.csv", index=False)
    plain = end_to_end.score_file(tiny.bundle, tiny.images, tmp_path / "plain.csv", tmp_path / "again.csv")
    assert plain.equals(end_to_end.read_scores(tmp_path / "scores.csv"))


def test_several_classes_show_the_one_that_is_decided(tiny, multiclass_bundle, score, monkeypatch, tmp_path):
    drawn = []
    directions = heat_pictures.network_directions
    monkeypatch.setattr(
        heat_pictures, "network_directions", lambda *given: drawn.append(given[2]) or directions(*given)
    )
    said = []
    monkeypatch.setattr(
        "automl_skin.explain.plots.heat_picture.heat_picture",
        lambda *given: said.append(given[2]) or heat_picture(*given),
    )
    predictor = Predictor.load(multiclass_bundle)
    summary = automl_skin.score(
        multiclass_bundle, tiny.table, tiny.images, tmp_path / "scores.csv", heat=tmp_path / "heat"
    )
    assert len(summary.pictures.files) == summary.rows == len(said)
    scores = read_scores(tmp_path / "scores.csv")
    classes = [predictor.facts.classes[label] for labels in drawn for label in labels]
    assert classes == list(scores["decision"])
    assert said[0][1] == (
        f"probability of {classes[0]} {scores[f'probability_{classes[0]}'][0]:.3f}, decision {classes[0]}"
    )
    assert len(set(classes)) > 1


@pytest.mark.parametrize("there", ["a file", "full", "in the bundle", "in the photographs", "the scores"])
def test_a_folder_that_is_not_ones_own_is_refused(tiny, score, tmp_path, there):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.png").write_text("mine")
    place, message = {
        "a file": (tmp_path / "file", "--heat: expected a new or empty folder"),
        "full": (tmp_path / "full", "which holds files"),
        "in the bundle": (tiny.bundle / "heat", "expected a folder outside"),
        "in the photographs": (tiny.images / "heat", "expected a folder outside"),
        "the scores": (tmp_path / "scores.csv", "expected another place than --output"),
    }[there]
    ended = score(tiny.rows.head(2), heat=place)
    assert ended.code == 2
    assert message in " ".join(ended.errors.split())
    assert (tmp_path / "file").read_text() == "mine"
    assert pictures(tmp_path / "full") == ["mine.png"]
    assert not (tmp_path / "scores.csv").exists()


def test_an_interrupted_run_continues_in_its_folder(tiny, monkeypatch, tmp_path):
    monkeypatch.setattr(stream, "ROWS", 4)
    tiny.rows.head(12).to_csv(tmp_path / "table.csv", index=False)
    given = (tiny.bundle, tmp_path / "table.csv", tiny.images, tmp_path / "scores.csv")
    draw, calls = HeatPictures.draw, []

    def dies_in_the_third_part(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return draw(*arguments)

    monkeypatch.setattr(HeatPictures, "draw", dies_in_the_third_part)
    with pytest.raises(KeyboardInterrupt):
        automl_skin.score(*given, heat=tmp_path / "heat")
    assert len(pictures(tmp_path / "heat")) == 8
    (tmp_path / "heat" / pictures(tmp_path / "heat")[0]).unlink()  # a part that lost a picture is drawn again
    summary = automl_skin.score(*given, heat=tmp_path / "heat")
    assert len(calls) == 5
    assert sorted(summary.pictures.files) == pictures(tmp_path / "heat")
    assert len(summary.pictures.files) == 12
    with pytest.raises(StorageError, match="which holds files"):
        automl_skin.score(*given, heat=tmp_path / "heat")


def test_names_are_safe_and_keep_rows_apart():
    names = [
        file_name(row, name) for row, name in enumerate(["a/b", "a_b", "..", "/etc/x", "ä\n" * 200, "CON"])
    ]
    assert len(set(names)) == len(names)
    assert not any(set("/\\\n") & set(name) for name in names)
    assert max(len(name.encode()) for name in names) < 120
    assert names[3] == "000004-_etc_x.png"


def test_a_bundle_of_trees_alone_is_refused(tiny, monkeypatch, tmp_path):
    monkeypatch.setattr(stack_heat, "has_gradient", lambda _: False)
    with pytest.raises(ConfigError, match="--heat: expected a bundle in which a linear or neural head sees"):
        HeatPictures(tmp_path, Predictor.load(tiny.bundle))


def test_long_and_strange_texts_stay_outside_the_photograph():
    photograph = np.full((40, 400, 3), 200, np.uint8)
    png = heat_picture(photograph, np.zeros((40, 400), np.float32), ["x" * 5000, "two\nlines \x00", "ärztin"])
    drawn = np.asarray(Image.open(BytesIO(png)))
    assert (drawn[10:50, 10:410] == 200).all()
    assert (drawn[:, -9:] == 255).all()
