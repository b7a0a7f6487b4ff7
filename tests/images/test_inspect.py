import hashlib
import os
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from automl_skin.images import folder, inspect
from automl_skin.images.fingerprint import FINGERPRINT_LENGTH
from automl_skin.images.folder import ImageFolder
from automl_skin.images.inspect import COLUMNS, inspect_images
from automl_skin.images.inspection_cache import cache_file, read_known


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "images"
    (folder / "deep").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i in range(6):
        pixels = rng.integers(0, 256, (300, 400 + i, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / ("deep" if i % 2 else ".") / f"{i}.jpg")
    return folder


PATHS = ["0.jpg", "deep/1.jpg", "2.jpg", "deep/3.jpg", "4.jpg", "deep/5.jpg"]


@pytest.fixture
def reads(monkeypatch):
    """The paths that were opened."""
    opened = []
    read = ImageFolder.read

    def counted(self, path):
        opened.append(path)
        return read(self, path)

    monkeypatch.setattr(ImageFolder, "read", counted)
    return opened


def test_one_row_a_path_in_the_given_order(root, tmp_path):
    found = inspect_images(root, PATHS[::-1], tmp_path / "cache")
    table = found.table
    assert tuple(table.columns) == COLUMNS
    assert list(table["path"]) == PATHS[::-1]
    assert list(table["width"]) == [405, 404, 403, 402, 401, 400]
    assert set(table["height"]) == {300}
    assert set(table["error"]) == {""}
    content = (root / "deep/5.jpg").read_bytes()
    assert table["content"][0] == hashlib.sha256(content).hexdigest()
    assert table["size_bytes"][0] == len(content)
    assert found.fingerprints.shape == (6, FINGERPRINT_LENGTH)
    assert found.fingerprints.dtype == np.float32
    assert (found.fingerprints.std(axis=1) > 0).all()


def test_an_unchanged_folder_is_not_opened_again(root, tmp_path, reads):
    first = inspect_images(root, PATHS, tmp_path / "cache")
    assert sorted(reads) == sorted(PATHS)
    reads.clear()
    second = inspect_images(root, PATHS, tmp_path / "cache")
    assert reads == []
    assert first.table.equals(second.table)
    assert (first.table.dtypes == second.table.dtypes).all()
    np.testing.assert_array_equal(first.fingerprints, second.fingerprints)


def test_only_changed_new_and_returned_files_are_opened(root, tmp_path, reads):
    (root / "4.jpg").rename(tmp_path / "4.jpg")
    assert inspect_images(root, PATHS[:5], tmp_path / "cache").table["error"][4] == "missing"
    (tmp_path / "4.jpg").rename(root / "4.jpg")
    Image.new("RGB", (7, 5)).save(root / "0.jpg")
    os.utime(root / "deep/3.jpg", ns=(1, 1))
    reads.clear()
    found = inspect_images(root, PATHS, tmp_path / "cache")
    assert sorted(reads) == ["0.jpg", "4.jpg", "deep/3.jpg", "deep/5.jpg"]
    assert list(found.table["width"]) == [7, 401, 402, 403, 404, 405]


def test_what_was_not_asked_for_this_time_stays_known(root, tmp_path, reads):
    inspect_images(root, PATHS, tmp_path / "cache")
    inspect_images(root, ["0.jpg"], tmp_path / "cache")
    reads.clear()
    inspect_images(root, PATHS, tmp_path / "cache")
    assert reads == []


def test_what_is_wrong_is_a_row_and_stops_nothing(root, tmp_path):
    whole = (root / "0.jpg").read_bytes()
    (root / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "text.jpg").write_text("not an image")
    (root / "empty.jpg").touch()
    (root / "out.jpg").symlink_to(tmp_path)
    expected = {
        "0.jpg": "",
        "cut.jpg": "cut.jpg: expected a whole image",
        "text.jpg": "text.jpg: expected an image",
        "empty.jpg": "0 bytes",
        "gone.jpg": "missing",
        "0.jpg/gone.jpg": "missing",
        "../0.jpg": "expected a path inside the image folder",
        "out.jpg": "expected a path inside the image folder",
        "deep": "deep: expected a file",
        "2.jpg": "",
    }
    for _ in range(2):  # opened, then known
        found = inspect_images(root, list(expected), tmp_path / "cache")
        for row, message in enumerate(expected.values()):
            error = found.table["error"][row]
            assert message in error
            assert bool(message) == bool(error)
            assert (found.table["width"][row] == 0) == bool(message)
            assert (found.fingerprints[row] == 0).all() == bool(message)
    assert found.table["content"][1] == hashlib.sha256(whole[: len(whole) // 2]).hexdigest()


def test_a_file_that_vanishes_meanwhile_is_missing(root, tmp_path, monkeypatch):
    read = ImageFolder.read

    def vanish(self, path):
        (root / "2.jpg").unlink(missing_ok=True)
        return read(self, path)

    monkeypatch.setattr(ImageFolder, "read", vanish)
    found = inspect_images(root, PATHS, tmp_path / "cache", threads=1)
    assert list(found.table["error"]) == ["", "", "missing", "", "", ""]
    monkeypatch.undo()
    Image.new("RGB", (7, 5)).save(root / "2.jpg")
    assert inspect_images(root, PATHS, tmp_path / "cache").table["width"][2] == 7


def test_what_could_not_be_read_is_tried_again(root, tmp_path, monkeypatch, reads):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(folder, "_read_regular", refuse)
        found = inspect_images(root, ["0.jpg"], tmp_path / "cache")
    assert "0.jpg: cannot be read (Permission denied)" in found.table["error"][0]
    assert inspect_images(root, ["0.jpg"], tmp_path / "cache").table["error"][0] == ""


def test_a_path_given_twice_is_two_rows_and_one_look(root, tmp_path, reads):
    found = inspect_images(root, ["0.jpg", "2.jpg", "0.jpg"], tmp_path / "cache")
    assert sorted(reads) == ["0.jpg", "2.jpg"]
    assert list(found.table["width"]) == [400, 402, 400]


def test_no_paths(root, tmp_path):
    found = inspect_images(root, [], tmp_path / "cache")
    assert found.table.empty
    assert found.fingerprints.shape == (0, FINGERPRINT_LENGTH)


def test_progress_counts_to_the_end(root, tmp_path):
    calls = []
    inspect_images(root, PATHS[:2], tmp_path / "cache")
    inspect_images(root, PATHS, tmp_path / "cache", progress=lambda done, total: calls.append((done, total)))
    assert calls == [(3, 6), (4, 6), (5, 6), (6, 6)]


def test_a_killed_inspection_keeps_what_it_saved(root, tmp_path, monkeypatch, reads):
    monkeypatch.setattr(inspect, "_SAVE_SECONDS", 0.0)

    def stop(done, _):
        if done == 4:
            raise KeyboardInterrupt("stopped")

    with pytest.raises(KeyboardInterrupt, match="stopped"):
        inspect_images(root, PATHS, tmp_path / "cache", progress=stop, threads=1)
    assert list(read_known(cache_file(tmp_path / "cache", root)).table["path"]) == PATHS[:3]
    reads.clear()
    inspect_images(root, PATHS, tmp_path / "cache")
    assert sorted(reads) == sorted(PATHS[3:])


def test_threads_change_nothing(root, tmp_path):
    alone = inspect_images(root, PATHS, tmp_path / "one", threads=1)
    together = inspect_images(root, PATHS, tmp_path / "four", threads=4)
    assert alone.table.equals(together.table)
    np.testing.assert_array_equal(alone.fingerprints, together.fingerprints)


@pytest.mark.real
@pytest.mark.skipif("AUTOML_SKIN_DATA" not in os.environ, reason="AUTOML_SKIN_DATA is not set")
def test_ham10000_is_inspected_in_time(tmp_path):
    root = Path(os.environ["AUTOML_SKIN_DATA"]) / "ham10000" / "images"
    paths = sorted(file.name for file in root.iterdir())
    start = time.perf_counter()
    found = inspect_images(root, paths, tmp_path)
    first = time.perf_counter() - start
    assert (found.table["error"] == "").all()
    start = time.perf_counter()
    inspect_images(root, paths, tmp_path)
    assert first < 25
    assert time.perf_counter() - start < 1
