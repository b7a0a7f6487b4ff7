import pandas as pd
import pytest

from automl_skin.errors import StorageError
from automl_skin.export.predictor import CaseImage
from automl_skin.scoring.parts import MARK, Parts, digest_photographs

PHOTOGRAPHS = [
    CaseImage("a", "image", "row 1, a", b"bytes"),
    CaseImage("b", "image", "row 2, b", None, "gone"),
]
SCORES = pd.DataFrame(
    {"id": ["=a", "b\rc"], "probability": ["0.1", ""], "decision": "x", "flags": ""}, index=[4, 7]
)


@pytest.fixture
def parts(tmp_path):
    parts = Parts(tmp_path / "scores.csv.parts")
    parts.begin("job")
    parts.write(0, SCORES, digest_photographs(PHOTOGRAPHS), {"b": "gone"})
    return parts


def test_a_part_comes_back_as_it_was(parts):
    ((scores, problems),) = parts.read()
    assert scores.to_dict() == SCORES.to_dict()
    assert problems == {"b": "gone"}


def test_a_part_counts_for_the_same_photographs_alone(parts):
    assert parts.is_done(0, PHOTOGRAPHS)
    assert not parts.is_done(1, PHOTOGRAPHS)
    first, second = PHOTOGRAPHS
    for others in (
        [CaseImage("a", "image", "row 1, a", b"Bytes"), second],
        [first, CaseImage("b", "image", "row 2, b", b"now there")],
        [first],
        [CaseImage("a", "close-up", "row 1, a", b"bytes"), second],
    ):
        assert not parts.is_done(0, others)


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_a_part_that_was_damaged_does_not_count(parts, text):
    (parts.folder / "000000.json").write_text(text)
    assert not parts.is_done(0, PHOTOGRAPHS)


def test_scores_that_were_edited_do_not_count(parts):
    file = parts.folder / "000000.csv"
    file.write_text(file.read_text().replace("0.1", "0.9"))
    assert not parts.is_done(0, PHOTOGRAPHS)


def test_the_same_job_keeps_its_parts_and_another_clears_them(parts):
    parts.begin("job")
    assert parts.is_done(0, PHOTOGRAPHS)
    parts.begin("another job")
    assert not parts.is_done(0, PHOTOGRAPHS)
    assert [path.name for path in parts.folder.iterdir()] == [MARK]


@pytest.mark.parametrize("name", ["notes.txt", "000000.csv", "parts.json"])
def test_a_folder_of_the_users_is_refused_and_left(tmp_path, name):
    folder = tmp_path / "scores.csv.parts"
    folder.mkdir()
    (folder / name).write_text('{"job": "mine"}')
    for attempt in (Parts(folder).require_own, lambda: Parts(folder).begin("job")):
        with pytest.raises(
            StorageError, match=f"expected a folder of finished parts, got one that holds {name}"
        ):
            attempt()
    assert (folder / name).read_text() == '{"job": "mine"}'


def test_a_file_or_a_link_in_its_place_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    for name in ("file", "link", "loop"):
        with pytest.raises(StorageError, match="got something else"):
            Parts(tmp_path / name).require_own()


def test_what_a_user_put_beside_the_parts_is_left(parts):
    (parts.folder / "notes.txt").write_text("mine")
    parts.clear()
    assert [path.name for path in parts.folder.iterdir()] == ["notes.txt"]
