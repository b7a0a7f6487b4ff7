import os
import socket

import pytest

from automl_skin.errors import StorageError
from automl_skin.scoring.outputs import require_new_file, require_own_scores


@pytest.fixture
def place(tmp_path):
    (tmp_path / "data.csv").write_text("image\na\n")
    (tmp_path / "bundle").mkdir()
    return tmp_path


def require(place, name):
    require_own_scores(place / name, [("--data", place / "data.csv")], place / "bundle")


def test_a_new_file_and_earlier_scores_are_free(place):
    require(place, "new.csv")
    require(place, "folder/that/comes/new.csv")
    (place / "old.csv").write_text("image,probability,decision,flags\na,0.1,x,\n")
    require(place, "old.csv")


def test_the_data_are_refused_under_every_name(place):
    (place / "link.csv").symlink_to("data.csv")
    os.link(place / "data.csv", place / "hard.csv")
    (place / "here").symlink_to(place)
    for name in ("data.csv", "link.csv", "hard.csv", "here/data.csv", "bundle/../data.csv"):
        with pytest.raises(StorageError, match="expected another file than --data"):
            require(place, name)


def test_links_are_refused_also_where_they_lead_nowhere_or_in_a_circle(place):
    (place / "link.csv").symlink_to("nowhere.csv")
    (place / "loop.csv").symlink_to("loop.csv")
    for name in ("link.csv", "loop.csv"):
        with pytest.raises(StorageError, match="a link to"):
            require(place, name)


def test_what_is_no_file_is_refused(place, monkeypatch):
    os.mkfifo(place / "pipe")
    monkeypatch.chdir(place)  # the name of a socket may be 100 letters long
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
    for name, kind in {
        "pipe": "a pipe",
        "socket": "a socket",
        "bundle": "a folder",
        "/dev/null": "a device",
    }.items():
        with pytest.raises(StorageError, match=kind):
            require(place, name)


def test_files_of_the_users_are_refused(place):
    (place / "notes.csv").write_text("image,probability,decision,flags,my notes\n")
    (place / "photo.csv").write_bytes(bytes(range(256)))
    for name in ("notes.csv", "photo.csv"):
        with pytest.raises(StorageError, match="expected a new file or scores of an earlier run"):
            require(place, name)


def test_a_bundle_stays_as_it_is(place):
    (place / "link").symlink_to("bundle")
    for name in ("bundle/scores.csv", "link/scores.csv", "bundle/chains/scores.csv"):
        with pytest.raises(StorageError, match="outside the bundle"):
            require(place, name)


def test_a_submission_is_a_new_file(place):
    (place / "sample_submission.csv").write_text("image_name,target\na,0.5\n")
    inputs = [("--output", place / "scores.csv")]
    require_new_file(place / "mine.csv", "--submission", inputs, place / "bundle")
    with pytest.raises(StorageError, match="--submission: expected a new file"):
        require_new_file(place / "sample_submission.csv", "--submission", inputs, place / "bundle")
    with pytest.raises(StorageError, match="expected another file than --output"):
        require_new_file(place / "scores.csv", "--submission", inputs, place / "bundle")
