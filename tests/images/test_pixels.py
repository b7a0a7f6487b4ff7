import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from PIL import Image

from automl_skin.digests import digest_file
from automl_skin.errors import StorageError
from automl_skin.images import pixel_file, pixels
from automl_skin.images.folder import ImageFolder
from automl_skin.images.loading import prepare
from automl_skin.images.pixels import PixelCache
from automl_skin.images.recipe import Recipe
from automl_skin.store import entries

RECIPE = Recipe(16, 24)
IMAGE_BYTES = 16 * 24 * 3


def load_image(root, path, recipe):
    """One photograph by itself."""
    return prepare(ImageFolder(root).read(path), recipe, name=path)


def make_images(folder, n, size=(40, 30)):
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    for i in range(n):
        picture = Image.fromarray(rng.integers(0, 256, (*size[::-1], 3), dtype=np.uint8))
        picture.save(folder / f"{i:03}.jpg")
    names = [f"{i:03}.jpg" for i in range(n)]
    return pd.DataFrame({"path": names, "content": [digest_file(folder / name) for name in names]})


@pytest.fixture
def root(tmp_path):
    return tmp_path / "images"


@pytest.fixture
def images(root):
    return make_images(root, 11)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(pixel_file, "_BLOCK_BYTES", 4 * IMAGE_BYTES)
    return PixelCache(tmp_path / "pixels")


@pytest.fixture
def decoded(monkeypatch):
    """Paths that were decoded, in order."""
    paths, load = [], pixels.load_batches

    def counted(root, wanted, *others):
        paths.extend(wanted)
        return load(root, wanted, *others)

    monkeypatch.setattr(pixels, "load_batches", counted)
    return paths


def test_pixels_are_those_of_the_recipe_in_order(root, images, cache):
    found, readable = cache.open(root, images, RECIPE)
    assert isinstance(found, np.memmap)
    assert readable.all()
    for name, image in zip(images["path"], found, strict=True):
        np.testing.assert_array_equal(image, load_image(root, name, RECIPE))


def test_an_image_is_decoded_once_whatever_the_network(root, images, cache, decoded):
    first, _ = cache.open(root, images, RECIPE)
    again, _ = cache.open(root, images, replace(RECIPE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)))
    assert len(decoded) == len(images)
    assert again.filename == first.filename


@pytest.mark.parametrize("change", [{"width": 16}, {"fit": "crop"}, {"colour": "shades_of_grey"}])
def test_other_pixels_have_another_file(root, images, cache, change):
    first, _ = cache.open(root, images, RECIPE)
    assert cache.open(root, images, replace(RECIPE, **change))[0].filename != first.filename
    assert cache.open(root, images[:5], RECIPE)[0].filename != first.filename
    assert cache.open(root, images[::-1], RECIPE)[0].filename != first.filename


def test_images_are_found_whatever_list_they_were_decoded_for(root, images, cache, decoded):
    assert cache.find(list(images["content"]), RECIPE) is None
    (root / "002.jpg").write_bytes(b"text")
    cache.open(root, images[:6], RECIPE)
    kept, _ = cache.open(root, images, RECIPE)
    decoded.clear()
    wanted = ["unknown", *images["content"][::-1]]
    found, rows = cache.find(wanted, replace(RECIPE, mean=(0.5, 0.5, 0.5)))
    assert rows.tolist() == [-1, 10, 9, 8, 7, 6, 5, 4, 3, -1, 1, 0]
    assert found.filename == kept.filename
    assert decoded == []
    assert cache.find(["unknown"], RECIPE) is None
    assert cache.find(wanted, replace(RECIPE, fit="crop")) is None


def test_a_damaged_file_is_not_found(root, images, cache):
    path = Path(cache.open(root, images, RECIPE)[0].filename)
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    assert cache.find(list(images["content"]), RECIPE) is None


def test_unreadable_images_are_black_and_said(root, images, cache):
    (root / "005.jpg").write_bytes(b"text")
    images.loc[2, "content"] = ""
    images.loc[3, "content"] = None
    found, readable = cache.open(root, images, RECIPE)
    assert np.flatnonzero(~readable).tolist() == [2, 3, 5]
    assert found[[2, 3, 5]].max() == 0
    assert found[[4, 6]].max() > 0
    again, still = cache.open(root, images, RECIPE)
    assert np.array_equal(still, readable)
    assert np.array_equal(again, found)


def test_an_image_that_came_back_is_read_again(root, images, cache):
    (root / "005.jpg").rename(root / "away.jpg")
    _, readable = cache.open(root, images, RECIPE)
    assert not readable[5]
    (root / "away.jpg").rename(root / "005.jpg")
    found, readable = cache.open(root, images, RECIPE)
    assert readable.all()
    np.testing.assert_array_equal(found[5], load_image(root, "005.jpg", RECIPE))


def test_progress_counts_images(root, images, cache):
    seen = []
    cache.open(root, images, RECIPE, lambda *numbers: seen.append(numbers))
    assert seen == [(0, 11), (4, 11), (8, 11), (11, 11)]


def test_an_interrupted_run_goes_on(root, images, cache, decoded):
    def stop(done, total):
        if done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.open(root, images, RECIPE, stop)
    decoded.clear()
    found, _ = cache.open(root, images, RECIPE)
    assert decoded == ["008.jpg", "009.jpg", "010.jpg"]
    np.testing.assert_array_equal(found[9], load_image(root, "009.jpg", RECIPE))
    np.testing.assert_array_equal(found[1], load_image(root, "001.jpg", RECIPE))


@pytest.mark.parametrize("damage", [lambda data: data[:-7], lambda data: data[:50] + b"??" + data[52:]])
def test_a_damaged_file_is_written_again(root, images, cache, damage):
    path = Path(cache.open(root, images, RECIPE)[0].filename)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    found, readable = cache.open(root, images, RECIPE)
    assert readable.all()
    assert found.tobytes() == whole


def test_the_least_recently_used_make_room(root, images, cache):
    small = PixelCache(cache.folder, 3 * 11 * IMAGE_BYTES + 9000)
    recipes = [RECIPE, replace(RECIPE, colour="shades_of_grey"), replace(RECIPE, fit="crop")]
    folders = {Path(small.open(root, images, recipe)[0].filename).parent: recipe for recipe in recipes}
    by_use = sorted(folders, reverse=True)  # neither the order of their names nor that of their making
    for folder in by_use:
        time.sleep(0.02)
        small.open(root, images, folders[folder])
    small.open(root, images, replace(RECIPE, colour="shades_of_grey", fit="crop"))
    assert [folder.is_dir() for folder in by_use] == [False, True, True]


def test_what_another_process_writes_is_not_deleted(root, images, cache):
    found, _ = cache.open(root, images, RECIPE)
    folder = Path(found.filename).parent
    with FileLock(f"{folder}.lock"):
        PixelCache(cache.folder, 12 * IMAGE_BYTES).open(root, images, replace(RECIPE, fit="crop"))
    assert folder.is_dir()


def test_more_than_the_limit_is_said(root, images, cache):
    small = PixelCache(cache.folder, 10 * IMAGE_BYTES)
    with pytest.raises(
        StorageError, match=r"for 11 images of 16 x 24; raise the limit or choose a smaller size"
    ):
        small.open(root, images, RECIPE)


def test_too_little_space_is_said_before_anything_is_decoded(root, images, cache, decoded, monkeypatch):
    monkeypatch.setattr(entries.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 100})())
    with pytest.raises(StorageError, match="free some space"):
        cache.open(root, images, RECIPE)
    assert decoded == []


def test_a_folder_that_cannot_be_written_is_said(root, images, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="choose another folder"):
        PixelCache(tmp_path / "file" / "pixels").open(root, images, RECIPE)


def test_no_images(root, images, cache):
    found, readable = cache.open(root, images[:0], RECIPE)
    assert found.shape == (0, 16, 24, 3)
    assert readable.shape == (0,)


def test_pixels_are_listed_and_pruned(root, images, cache):
    assert cache.list() == ()
    for height in (8, 12):
        cache.open(root, images, Recipe(height, 8))
    first, second = cache.list()
    assert {entry.key["recipe"]["height"] for entry in (first, second)} == {8, 12}
    assert all(entry.key["images"] == 11 and entry.size_bytes >= 11 * 8 * 8 * 3 for entry in cache.list())
    assert cache.prune(digest=first.digest[:12]) == (first,)
    assert cache.list() == (second,)


CHILD = """
import sys
from pathlib import Path
import pandas as pd
from automl_skin.images import pixel_file
from automl_skin.images.pixels import PixelCache
from automl_skin.images.recipe import Recipe
pixel_file._BLOCK_BYTES = 4 * 16 * 24 * 3
_, readable = PixelCache(Path(sys.argv[3])).open(
    Path(sys.argv[1]), pd.read_csv(sys.argv[2]), Recipe(16, 24), lambda done, total: print(done, flush=True), 1
)
"""


@pytest.fixture
def child(root, tmp_path):
    images = make_images(root, 300)
    images.to_csv(tmp_path / "images.csv", index=False)

    def start():
        arguments = [root, tmp_path / "images.csv", tmp_path / "pixels"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        return subprocess.Popen(
            [sys.executable, "-c", CHILD, *map(str, arguments)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    return start, images


@pytest.mark.slow
def test_killed_at_random_times_the_pixels_are_the_same(child, root, cache, tmp_path, decoded):
    start, images = child
    chance = np.random.default_rng(0)
    for _ in range(4):
        process = start()
        process.stdout.readline()
        time.sleep(chance.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    found, _ = cache.open(root, images, RECIPE)
    assert len(decoded) < 300
    expected, _ = PixelCache(tmp_path / "whole").open(root, images, RECIPE)
    assert found.tobytes() == expected.tobytes()


@pytest.mark.slow
def test_two_processes_share_the_work(child):
    start, _ = child
    outputs = [process.communicate(timeout=100)[0] for process in [start(), start()]]
    assert sorted(len(output.split()) for output in outputs) == [0, 1 + 300 // 4]


@pytest.mark.slow
def test_mapped_pixels_are_many_times_faster_than_decoding(root, cache, caplog):
    caplog.set_level(logging.INFO)
    images = make_images(root, 64, size=(600, 450))
    cache.open(root, images, RECIPE)

    def seconds(action):
        started = time.perf_counter()
        action()
        return time.perf_counter() - started

    decoding = seconds(lambda: [load_image(root, name, RECIPE) for name in images["path"]])
    mapped = min(seconds(lambda: np.array(cache.open(root, images, RECIPE)[0])) for _ in range(3))
    sys.stdout.write(f"decoding takes {decoding / mapped:.0f} times as long, checksums included\n")
    assert decoding > 5 * mapped
