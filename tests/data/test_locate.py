import os

import pandas as pd
import pytest

from automl_skin.data.locate import index_images
from automl_skin.errors import ImageError, TableError
from automl_skin.images.folder import ImageFolder


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "images"
    for path in ("a.jpg", "deep/er/b.JPEG", "part/c.png", "c.1.tif", "._a.jpg", "notes.txt", ".hidden/d.jpg"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"")
    return root


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("a", "a.jpg"),
        ("a.jpg", "a.jpg"),
        ("a.png", "a.jpg"),
        ("b", "deep/er/b.JPEG"),
        ("deep/er/b.jpeg", "deep/er/b.JPEG"),
        ("deep\\er\\b", "deep/er/b.JPEG"),
        ("./part/c.png", "part/c.png"),
        ("images/part/c.png", "part/c.png"),
        ("c.1", "c.1.tif"),
        ("other/c.png", None),
        ("d", None),
        ("notes", None),
        ("A", None),
    ],
)
def test_ids_and_paths(folder, value, path):
    found = index_images(folder).locate(pd.Series([value]))[0]
    assert pd.isna(found) if path is None else found == path


def test_numbers_are_ids_too(folder):
    (folder / "12.jpg").write_bytes(b"")
    assert index_images(folder).locate(pd.Series([12.0, None])).fillna("-").tolist() == ["12.jpg", "-"]


def test_absolute_paths_within_the_folder(folder):
    assert index_images(folder).locate(pd.Series([str(folder / "a.jpg")]))[0] == "a.jpg"


@pytest.mark.parametrize("value", ["../images/a.jpg", "part/../../x", "/etc/passwd", "C:\\a.jpg", "~/a.jpg"])
def test_never_outside_the_folder(folder, value):
    with pytest.raises(TableError, match="paths that lead out of it in row 2"):
        index_images(folder).locate(pd.Series(["a", value]))
    assert index_images(folder).count(pd.Series([value])) == 0


def test_links_out_of_the_folder_are_listed_so_that_their_rows_say_why_they_are_not_read(folder, tmp_path):
    (tmp_path / "secret.jpg").write_bytes(b"")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.jpg").write_bytes(b"")
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "linked").symlink_to(tmp_path / "outside")
    (folder / "inner.jpg").symlink_to(folder / "a.jpg")
    index = index_images(folder)
    assert {"inner.jpg", "link.jpg"} <= set(index.paths)
    assert index.count(pd.Series(["x"])) == 0  # folders behind links are not entered
    with pytest.raises(ImageError, match="leads to"):
        ImageFolder(folder).read("link.jpg")


def test_two_files_of_one_id(folder):
    (folder / "part" / "a.png").write_bytes(b"")
    index = index_images(folder)
    with pytest.raises(TableError, match=r"got that of 2: a\.jpg, part/a\.png"):
        index.locate(pd.Series(["a"]))
    assert index.locate(pd.Series(["part/a.png", "a.jpg"])).tolist() == ["part/a.png", "a.jpg"]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(TableError, match="expected a folder"):
        index_images(tmp_path / "absent")


def test_names_are_compared_composed(tmp_path):
    (tmp_path / "La\u0308sion").mkdir()
    (tmp_path / "La\u0308sion" / "Na\u0308vus 1.jpg").touch()
    index = index_images(tmp_path)
    for value in ("N\u00e4vus 1", "Na\u0308vus 1.jpg", "L\u00e4sion/N\u00e4vus 1"):
        assert index.locate(pd.Series([value])).tolist() == ["La\u0308sion/Na\u0308vus 1.jpg"]


def test_ids_are_text(tmp_path):
    for name in ("1.1.jpg", "1.10.jpg", "1000.jpg", "5.jpg", "1e3.png"):
        (tmp_path / name).touch()
    index = index_images(tmp_path)
    given = pd.Series(["1.10", "1.1", "1e3", "5.0"])
    paths = ["1.10.jpg", "1.1.jpg", "1e3.png", "-"]
    assert index.locate(given).fillna("-").tolist() == paths
    assert [index.locate(given[[row]]).fillna("-").iloc[0] for row in range(4)] == paths


def test_lost_zeros_are_matched_where_that_can_mean_one_file_alone(tmp_path):
    for name in ("0000.jpg", "0007.jpg", "1000.jpg", "cover.png"):
        (tmp_path / name).touch()
    index = index_images(tmp_path)
    given = pd.Series(["7", "0", "1000", "07", "8"])
    assert index.locate(given).fillna("-").tolist() == ["0007.jpg", "0000.jpg", "1000.jpg", "-", "-"]
    assert index.lost_zeros(given) == {"7": "0007.jpg", "0": "0000.jpg"}
    (tmp_path / "07.jpg").touch()  # now 7 may mean either
    assert index_images(tmp_path).locate(pd.Series(["7"])).isna().all()
    assert index_images(tmp_path).lost_zeros(given) == {}


def test_a_loop_of_links_and_a_name_that_is_not_utf8_are_listed(tmp_path):
    (tmp_path / "loop.jpg").symlink_to("pool.jpg")
    (tmp_path / "pool.jpg").symlink_to("loop.jpg")
    (tmp_path / os.fsdecode(b"mole\xe9.jpg")).write_bytes(b"")
    index = index_images(tmp_path)
    assert index.paths == ("loop.jpg", "mole\ufffdE9.jpg", "pool.jpg")
    assert list(index.locate(pd.Series(index.paths))) == list(index.paths)
