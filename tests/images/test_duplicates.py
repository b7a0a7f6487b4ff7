"""Finding copies among painted lesions, and (marked `real`) among those of HAM10000."""

import io
import logging
import os
import shutil
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from automl_skin.digests import digest_bytes
from automl_skin.errors import StorageError
from automl_skin.images import duplicates
from automl_skin.images.duplicates import (
    PAIR,
    SAME_SKIN,
    find_duplicates,
    read_verified,
    similarities_file,
    write_verified,
)
from automl_skin.images.fingerprint import FINGERPRINT_LENGTH, fingerprint
from automl_skin.images.inspect import inspect_images

N_ORIGINALS = 120
N_COPIES = 50


def _again(pixels, rng):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=int(rng.integers(30, 91)))
    return np.array(Image.open(file))


def _resized(pixels, rng):
    factor = rng.uniform(0.5, 1.5)
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=how)


def _cropped(pixels, rng):
    """Up to 10 % of either side is cut off, wherever."""
    height, width = (round(side * rng.uniform(0.9, 0.97)) for side in pixels.shape[:2])
    top, left = rng.integers(0, pixels.shape[0] - height), rng.integers(0, pixels.shape[1] - width)
    return pixels[top : top + height, left : left + width]


def _turned(pixels, rng):
    return np.rot90(pixels, rng.integers(1, 4))


def _flipped(pixels, rng):
    return np.flip(pixels, axis=rng.integers(2))


def _tilted(pixels, rng):
    """Up to 10 degrees, with empty corners."""
    height, width = pixels.shape[:2]
    angle = rng.uniform(2, 10) * rng.choice([-1, 1])
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1)
    return cv2.warpAffine(np.ascontiguousarray(pixels), matrix, (width, height))


CHANGES = (
    (_again,),
    (_resized,),
    (_cropped,),
    (_turned,),
    (_flipped,),
    (_tilted,),
    (_cropped, _again),
    (_turned, _resized, _again),
    (_tilted, _again),
    (_flipped, _cropped, _resized),
)


def _copy(pixels, number, rng):
    for change in CHANGES[number % len(CHANGES)]:
        pixels = change(pixels, rng)
    return np.ascontiguousarray(pixels)


def _save(folder, name, pixels):
    Image.fromarray(pixels).save(folder / name, quality=95)


def _inspect(folder, paths=None):
    """A table and fingerprints as `inspect_images` gives them."""
    paths = paths or sorted(path.name for path in folder.iterdir())
    contents = [(folder / path).read_bytes() for path in paths]
    table = pd.DataFrame({"path": paths, "content": [digest_bytes(content) for content in contents]})
    return table, np.array([fingerprint(np.array(Image.open(io.BytesIO(content)))) for content in contents])


def _pairs(found):
    return set(zip(found["path_a"], found["path_b"], strict=True))


@pytest.fixture(scope="module")
def planted(tmp_path_factory, paint):
    """120 pictures o*.jpg, and a changed copy c*.jpg of each of the first 50."""
    folder = tmp_path_factory.mktemp("planted")
    rng = np.random.default_rng(0)
    for i in range(N_ORIGINALS):
        _save(folder, f"o{i:03d}.jpg", paint(i))
    for i in range(N_COPIES):
        _save(folder, f"c{i:03d}.jpg", _copy(paint(i), i, rng))
    return folder


@pytest.fixture
def few(tmp_path, paint):
    """Four pictures; b is a flipped a, d has the bytes of c."""
    folder = tmp_path / "few"
    folder.mkdir()
    _save(folder, "a.png", paint(1))
    _save(folder, "b.png", np.ascontiguousarray(paint(1)[:, ::-1]))
    _save(folder, "c.png", paint(2))
    shutil.copy(folder / "c.png", folder / "d.png")
    _save(folder, "e.png", paint(3))
    return folder


def test_planted_copies_are_found_and_nothing_else(planted, tmp_path):
    found = find_duplicates(planted, *_inspect(planted), tmp_path)
    true = {(f"c{i:03d}.jpg", f"o{i:03d}.jpg") for i in range(N_COPIES)}
    assert len(_pairs(found) & true) >= 0.9 * N_COPIES
    assert _pairs(found) <= true
    assert set(found["kind"]) == {"near"}
    assert found["similarity"].between(SAME_SKIN, 1).all()


def test_exact_and_near_copies(few, tmp_path):
    found = find_duplicates(few, *_inspect(few), tmp_path)
    assert list(found.columns) == ["path_a", "path_b", "kind", "similarity"]
    kinds = {(row.path_a, row.path_b): row.kind for row in found.itertuples()}
    assert kinds == {("c.png", "d.png"): "exact", ("a.png", "b.png"): "near"}
    assert found.set_index("kind")["similarity"]["exact"] == 1.0


def test_of_many_exact_copies_each_is_paired_with_the_first(few, tmp_path):
    for name in ("f.png", "g.png"):
        shutil.copy(few / "c.png", few / name)
    found = find_duplicates(few, *_inspect(few), tmp_path)
    exact = found[found["kind"] == "exact"]
    assert _pairs(exact) == {("c.png", other) for other in ("d.png", "f.png", "g.png")}


def test_a_second_call_opens_no_image(few, tmp_path):
    inspected = _inspect(few)
    first = find_duplicates(few, *inspected, tmp_path)
    shutil.rmtree(few)
    pd.testing.assert_frame_equal(find_duplicates(few, *inspected, tmp_path), first)


def test_what_was_verified_holds_for_renamed_files(few, tmp_path, monkeypatch):
    find_duplicates(few, *_inspect(few), tmp_path)
    for file in list(few.iterdir()):
        file.rename(few / f"x{file.name}")
    monkeypatch.setattr(duplicates, "similarity", None)
    found = find_duplicates(few, *_inspect(few), tmp_path)
    assert _pairs(found) == {("xc.png", "xd.png"), ("xa.png", "xb.png")}


def test_the_order_of_the_table_does_not_matter(few, tmp_path, monkeypatch):
    forward = find_duplicates(few, *_inspect(few), tmp_path)
    monkeypatch.setattr(duplicates, "similarity", None)  # all is known
    backward = find_duplicates(few, *_inspect(few, [f"{name}.png" for name in "edcba"]), tmp_path)
    assert {frozenset(pair) for pair in _pairs(forward)} == {frozenset(pair) for pair in _pairs(backward)}
    assert sorted(forward["similarity"]) == sorted(backward["similarity"])


def test_near_copies_within_a_label_are_skipped(few, tmp_path):
    inspected = _inspect(few)
    same = find_duplicates(few, *inspected, tmp_path, skip_within=["l1", "l1", None, None, None])
    assert _pairs(same) == {("c.png", "d.png")}
    other = find_duplicates(few, *inspected, tmp_path, skip_within=["l1", "l2", None, None, None])
    assert ("a.png", "b.png") in _pairs(other)
    unknown = find_duplicates(few, *inspected, tmp_path, skip_within=[None, None, None, None, None])
    assert ("a.png", "b.png") in _pairs(unknown)


def test_damaged_and_missing_rows_are_left_out(few, tmp_path):
    table, fingerprints = _inspect(few)
    table["error"] = ["damaged", "", "", "", ""]
    table.loc[3, "content"] = ""
    assert len(find_duplicates(few, table, fingerprints, tmp_path)) == 0


def test_a_file_that_vanished_is_left_out_this_time_only(few, tmp_path):
    inspected = _inspect(few)
    (few / "b.png").rename(few / "hidden")
    assert _pairs(find_duplicates(few, *inspected, tmp_path)) == {("c.png", "d.png")}
    (few / "hidden").rename(few / "b.png")
    assert ("a.png", "b.png") in _pairs(find_duplicates(few, *inspected, tmp_path))


def test_a_path_that_is_listed_twice_is_no_copy_of_itself(few, tmp_path):
    found = find_duplicates(few, *_inspect(few, ["a.png", "a.png", "e.png"]), tmp_path)
    assert len(found) == 0


def test_an_empty_table(few, tmp_path):
    table = pd.DataFrame({"path": pd.Series([], dtype="str"), "content": pd.Series([], dtype="str")})
    found = find_duplicates(few, table, np.empty((0, FINGERPRINT_LENGTH), np.float32), tmp_path)
    assert list(found.columns) == ["path_a", "path_b", "kind", "similarity"]
    assert len(found) == 0


def test_progress_reaches_the_end(few, tmp_path):
    seen = []
    find_duplicates(few, *_inspect(few), tmp_path, lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] > 0


def _real_folder():
    folder = Path(os.environ.get("AUTOML_SKIN_DATA", "")) / "ham10000"
    if "AUTOML_SKIN_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("needs AUTOML_SKIN_DATA, a folder that has ham10000/")
    return folder


@pytest.mark.real
def test_planted_copies_among_all_of_ham10000(tmp_path):
    data = _real_folder()
    table = pd.read_csv(data / "metadata.csv")
    images = tmp_path / "images"
    shutil.copytree(data / "images", images)
    images.chmod(0o755)
    rng = np.random.default_rng(1)
    chosen = table.sample(N_COPIES, random_state=1)["image_id"]
    for i, image in enumerate(chosen):
        _save(images, f"copy_{image}.jpg", _copy(np.array(Image.open(images / f"{image}.jpg")), i, rng))
    names = [f"{image}.jpg" for image in table["image_id"]] + [f"copy_{image}.jpg" for image in chosen]
    inspection = inspect_images(images, names, tmp_path)
    labels = [*table["lesion_id"], *[None] * N_COPIES]
    started = time.monotonic()
    found = find_duplicates(images, inspection.table, inspection.fingerprints, tmp_path, skip_within=labels)
    seconds = time.monotonic() - started
    lesions = dict(
        zip(names, [*table["lesion_id"], *table.set_index("image_id")["lesion_id"][chosen]], strict=True)
    )
    copied = found[found["path_b"].str.startswith("copy_")]
    right = copied[copied["path_a"].map(lesions) == copied["path_b"].map(lesions)]
    crossing = len(found) - len(copied)
    recall = right["path_b"].nunique() / N_COPIES
    wrong = len(copied) - len(right)
    figures = f"recall {recall:.2f}, {wrong} wrong, {crossing} pairs of two lesions, {seconds:.0f} s"
    logging.getLogger(__name__).info(figures)
    assert recall >= 0.9, figures
    assert wrong <= 2, figures
    assert 20 <= crossing <= 40, figures  # looked at: 26 pairs are the same skin under two lesion ids


def _series(values):
    return pd.Series(
        list(values.values()), index=pd.MultiIndex.from_tuples(values, names=PAIR), dtype="float64"
    )


def test_nothing_is_known_at_first(tmp_path):
    assert len(read_verified(tmp_path)) == 0
    assert read_verified(tmp_path).index.names == PAIR


def test_what_was_written_is_read_and_added_to(tmp_path):
    write_verified(tmp_path, _series({("a", "b"): 0.25, ("a", "c"): -1.0}))
    write_verified(tmp_path, _series({("a", "c"): 0.5, ("b", "c"): 0.125}))
    assert read_verified(tmp_path).to_dict() == {("a", "b"): 0.25, ("a", "c"): 0.5, ("b", "c"): 0.125}


@pytest.mark.parametrize("content", [b"", b"PAR1 torn", b"no parquet at all, but long enough to look into"])
def test_a_damaged_file_counts_as_none_and_is_replaced(tmp_path, content):
    similarities_file(tmp_path).parent.mkdir()
    similarities_file(tmp_path).write_bytes(content)
    assert len(read_verified(tmp_path)) == 0
    write_verified(tmp_path, _series({("a", "b"): 0.25}))
    assert read_verified(tmp_path).to_dict() == {("a", "b"): 0.25}


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="choose another folder"):
        write_verified(tmp_path / "file", _series({("a", "b"): 0.25}))


def test_another_version_of_the_algorithm_has_another_file(tmp_path, monkeypatch):
    write_verified(tmp_path, _series({("a", "b"): 0.25}))
    monkeypatch.setattr("automl_skin.images.duplicates.ALIGNMENT_VERSION", 999)
    assert len(read_verified(tmp_path)) == 0
