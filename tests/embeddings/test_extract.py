import errno
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.recipe import default_recipe
from automl_skin.digests import digest_file
from automl_skin.embeddings import source
from automl_skin.embeddings.cache import EmbeddingCache
from automl_skin.embeddings.extract import StageOneOptions, extract
from automl_skin.embeddings.key import TunedOn
from automl_skin.embeddings.shard import shard_files
from automl_skin.errors import ConfigError, StorageError
from automl_skin.images.pixels import PixelCache

BACKBONE = resolve_backbone("test_resnet.random")
RECIPE = default_recipe(BACKBONE, 32, 32)
OPTIONS = StageOneOptions(device="cpu", precision="float32", batch_size=8, threads=1)

PROGRAM = Path(__file__).with_name("forked_extraction.py")
KILLS = 5


def table(folder, names):
    return pd.DataFrame({"path": names, "content": [digest_file(folder / name) for name in names]})


def make_images(folder, n):
    folder.mkdir(exist_ok=True)
    random_numbers = np.random.default_rng(0)
    names = [f"{i:03}.png" for i in range(n)]
    for name in names:
        cv2.imwrite(str(folder / name), random_numbers.integers(0, 256, (20, 24, 3), dtype=np.uint8))
    return table(folder, names)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    return folder, make_images(folder, 40)


@pytest.fixture
def cache(tmp_path):
    return EmbeddingCache(tmp_path / "cache")


def run(pictures, cache, images=None, **changes):
    folder, rows = pictures
    options = StageOneOptions(**{**vars(OPTIONS), **changes})
    return extract(BACKBONE, RECIPE, folder, rows if images is None else images, cache, options=options)


def test_each_image_is_computed_once(pictures, cache):
    first, second = run(pictures, cache), run(pictures, cache)
    assert (first.computed, second.computed) == (40, 0)
    assert first.embeddings.shape == (40, 96)
    assert np.isfinite(first.embeddings).all()
    assert np.array_equal(first.embeddings, second.embeddings)


def test_no_image_at_all_is_as_wide_as_any(pictures, cache):
    nothing = run(pictures, cache, pictures[1][:0])
    assert nothing.embeddings.shape == (0, 96)
    assert (nothing.computed, nothing.failures) == (0, {})
    assert nothing.key == run(pictures, cache, pictures[1][:1]).key
    unread = pictures[1][:2].assign(content="")
    lost = run(pictures, cache, unread)
    assert lost.embeddings.shape == (2, 96)
    assert np.isnan(lost.embeddings).all()
    assert list(lost.failures) == list(unread["path"])


def test_only_what_is_missing_is_computed(pictures, cache):
    run(pictures, cache, pictures[1][:25])
    rest = run(pictures, cache)
    assert rest.computed == 15
    np.testing.assert_allclose(
        rest.embeddings, run(pictures, EmbeddingCache(cache.folder / "new")).embeddings, atol=1e-4
    )


def test_rows_are_in_the_order_asked_for(pictures, cache):
    forwards = run(pictures, cache).embeddings
    assert np.array_equal(run(pictures, cache, pictures[1][::-1]).embeddings, forwards[::-1])


def test_threads_and_batches_do_not_matter(pictures, cache, tmp_path):
    expected = run(pictures, cache).embeddings
    found = run(pictures, EmbeddingCache(tmp_path / "new"), threads=3, batch_size=7).embeddings
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * expected.std())


def test_the_callers_threads_stay_as_they_are(pictures, cache):
    before = torch.get_num_threads()
    run(pictures, cache, threads=2)
    assert torch.get_num_threads() == before


def test_identical_bytes_are_computed_once(pictures, cache):
    folder, rows = pictures
    twice = pd.concat([rows, rows.assign(path=rows["path"])])
    result = run((folder, twice), cache)
    assert result.computed == 40
    assert np.array_equal(result.embeddings[:40], result.embeddings[40:])


def test_another_precision_or_views_is_another_key(pictures, cache):
    one = run(pictures, cache, pictures[1][:2])
    four = run(pictures, cache, pictures[1][:2], views=4)
    assert four.computed == 2
    assert one.key.digest != four.key.digest
    assert not np.array_equal(one.embeddings, four.embeddings)


def test_tuned_weights_have_a_key_of_their_own(pictures, cache):
    frozen = run(pictures, cache, pictures[1][:3])
    tuned = run(pictures, cache, pictures[1][:3], tuned_on=TunedOn("plan", (2,)))
    assert tuned.computed == 3
    assert tuned.key.tuned_on == TunedOn("plan", (2,))
    assert tuned.key.digest != frozen.key.digest


def test_shifted_photographs_are_shifted_before_the_recipe(pictures, cache, monkeypatch):
    rows = pictures[1]
    seen = []

    def shifted(name, pixels, seed, content):
        seen.append((name, pixels.shape, seed, content))
        return pixels[::-1]

    monkeypatch.setattr("automl_skin.embeddings.source.shift", shifted)
    plain = run(pictures, cache, rows[:9])
    result = run(pictures, cache, rows[:9], shift="blur", shift_seed=5)
    assert result.key.shift == "blur-1-5"
    assert sorted(seen) == sorted(("blur", (20, 24, 3), 5, content) for content in rows["content"][:9])
    assert not np.array_equal(result.embeddings, plain.embeddings)
    assert run(pictures, cache, rows[:9], shift="blur", shift_seed=6).computed == 9


def test_a_shift_is_the_same_in_any_order_and_wherever_the_photograph_lies(pictures, cache, tmp_path):
    rows = pictures[1]
    expected = run(pictures, cache, rows[:9], shift="hair").embeddings
    elsewhere = make_images(tmp_path / "elsewhere", 40)[:9][::-1]
    other = run(
        (tmp_path / "elsewhere", elsewhere), EmbeddingCache(tmp_path / "new"), threads=2, shift="hair"
    )
    np.testing.assert_allclose(other.embeddings[::-1], expected, rtol=0, atol=1e-4 * expected.std())


def test_an_unknown_shift_is_named_before_anything_is_computed(pictures, cache):
    with pytest.raises(ConfigError, match="got 'smear'"):
        run(pictures, cache, shift="smear")
    assert not cache.folder.exists()


def test_pixels_that_were_decoded_are_not_decoded_again(pictures, cache, tmp_path, monkeypatch):
    folder, rows = pictures
    expected = run(pictures, cache)
    kept = PixelCache(tmp_path / "pixels")
    kept.open(folder, rows[10:30], RECIPE)
    decoded, load = [], source.load_batches

    def counted(root, paths, *others):
        decoded.extend(paths)
        return load(root, paths, *others)

    monkeypatch.setattr(source, "load_batches", counted)
    result = run(pictures, EmbeddingCache(tmp_path / "new"), pixels=kept)
    assert set(decoded) == set(rows["path"]) - set(rows["path"][10:30])
    assert result.computed == 40
    assert result.key == expected.key
    np.testing.assert_allclose(
        result.embeddings, expected.embeddings, rtol=0, atol=1e-4 * expected.embeddings.std()
    )
    decoded.clear()
    run(pictures, EmbeddingCache(tmp_path / "shifted"), pixels=kept, shift="gamma")
    assert len(decoded) == 40


def test_failures_are_named_with_kept_pixels_as_without(tmp_path, cache):
    rows = make_images(tmp_path / "images", 12)
    (tmp_path / "images" / "007.png").write_bytes(b"this is text")
    kept = PixelCache(tmp_path / "pixels")
    kept.open(tmp_path / "images", rows[5:], RECIPE)
    result = run((tmp_path / "images", rows), cache, pixels=kept)
    assert list(result.failures) == ["007.png"]
    assert "expected an image" in result.failures["007.png"]
    assert np.isfinite(np.delete(result.embeddings, 7, axis=0)).all()
    again = run((tmp_path / "images", rows), EmbeddingCache(tmp_path / "new"))
    np.testing.assert_allclose(np.delete(result.embeddings - again.embeddings, 7, axis=0), 0, atol=1e-4)


def test_damaged_images_are_named_and_stop_nothing(tmp_path, cache):
    rows = make_images(tmp_path / "images", 20)
    (tmp_path / "images" / "007.png").write_bytes(b"this is text")
    rows.loc[3, "content"] = ""
    result = run((tmp_path / "images", rows), cache)
    assert result.computed == 18
    assert set(result.failures) == {"003.png", "007.png"}
    assert "expected an image" in result.failures["007.png"]
    assert np.isnan(result.embeddings[[3, 7]]).all()
    assert np.isfinite(np.delete(result.embeddings, [3, 7], axis=0)).all()


def test_a_damaged_shard_is_computed_again(pictures, cache, caplog):
    expected = run(pictures, cache)
    (shard,) = shard_files(cache.folder / expected.key.digest)
    shard.write_bytes(shard.read_bytes()[:-1])
    with caplog.at_level(logging.WARNING):
        again = run(pictures, cache)
    assert again.computed == 40
    assert "set aside" in caplog.text
    assert np.array_equal(again.embeddings, expected.embeddings)


def test_progress_counts_to_the_end_from_where_it_was(pictures, cache):
    run(pictures, cache, pictures[1][:16])
    seen = []
    run(pictures, cache, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(16, 40), (24, 40), (32, 40), (40, 40)]


def test_a_full_disk_loses_nothing_that_was_finished(pictures, cache, monkeypatch):
    monkeypatch.setattr("automl_skin.embeddings.extract.MAX_ROWS", 16)
    monkeypatch.setattr("automl_skin.embeddings.shard.MAX_ROWS", 16)
    real, calls = os.fsync, []

    def fsync(descriptor):
        calls.append(descriptor)
        if len(calls) == 4:  # key.json, two shards, then the disk is full
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises(StorageError, match="disk is full"):
            run(pictures, cache)
    rest = run(pictures, cache)
    assert rest.computed == 40 - 32
    assert np.isfinite(rest.embeddings).all()


def forked(folder, *command):
    """Fill caches in forks of another process; return what that says."""
    make_images(folder / "images", 200).to_csv(folder / "rows.csv", index=False)
    ended = subprocess.run(
        [sys.executable, PROGRAM, folder, *map(str, command)], check=False, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    return (folder / "images", pd.read_csv(folder / "rows.csv")), json.loads(ended.stdout.splitlines()[-1])


@pytest.mark.slow
def test_killed_at_random_times_the_result_is_the_same(tmp_path):
    pictures, shards = forked(tmp_path, "kill", KILLS, 0)
    assert len(set(shards)) >= 3, shards
    uninterrupted = run(pictures, EmbeddingCache(tmp_path / "whole"))
    assert uninterrupted.computed == 0
    cache = EmbeddingCache(tmp_path / "killed")
    _, found = cache.read(uninterrupted.key, list(pictures[1]["content"]))
    final = run(pictures, cache)
    assert final.computed == 200 - found.sum()
    assert found.any()
    assert final.embeddings.tobytes() == uninterrupted.embeddings.tobytes()


@pytest.mark.slow
def test_two_processes_share_the_work(tmp_path):
    pictures, computed = forked(tmp_path, "share", 2)
    assert len(computed) == 2
    assert sum(computed) == 200
    assert run(pictures, EmbeddingCache(tmp_path / "shared")).computed == 0
