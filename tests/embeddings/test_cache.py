import logging
import os
import time

import numpy as np
import pytest
from filelock import FileLock

from automl_skin.digests import digest_bytes
from automl_skin.embeddings.cache import EmbeddingCache, count_embeddings
from automl_skin.embeddings.key import EmbeddingKey
from automl_skin.embeddings.shard import Shard, shard_files
from automl_skin.errors import StorageError

KEY = EmbeddingKey("w", "r", 1, "float32")
OTHER = EmbeddingKey("w", "r", 4, "float32")


def contents(n, start=0):
    return tuple(digest_bytes(str(i).encode()) for i in range(start, start + n))


def values(n, start=0):
    return np.arange(start * 4, (start + n) * 4, dtype=np.float32).reshape(n, 4)


def fill(cache, key, n=5, start=0):
    with cache.writing(key, {"backbone": "resnet18.random"}) as write:
        write(Shard(contents(n, start), values(n, start)))


@pytest.fixture
def cache(tmp_path):
    return EmbeddingCache(tmp_path / "cache")


def test_an_empty_cache_has_nothing_and_makes_nothing(cache):
    embeddings, found = cache.read(KEY, contents(3))
    assert embeddings.shape == (3, 0)
    assert not found.any()
    assert cache.list() == ()
    assert not cache.folder.exists()


def test_embeddings_come_back_in_the_order_asked_for(cache):
    fill(cache, KEY, 5)
    fill(cache, KEY, 5, start=5)
    wanted = [contents(10)[i] for i in (7, 0, 7, 3)]
    embeddings, found = cache.read(KEY, [*wanted, "f" * 64])
    assert found.tolist() == [True] * 4 + [False]
    assert np.array_equal(embeddings[:4], values(10)[[7, 0, 7, 3]])
    assert np.isnan(embeddings[4]).all()


def test_keys_do_not_mix(cache):
    fill(cache, KEY)
    assert not cache.read(OTHER, contents(5))[1].any()


def test_a_damaged_shard_is_said_and_not_believed(cache, caplog):
    fill(cache, KEY, 5)
    fill(cache, KEY, 5, start=5)
    victim = shard_files(cache.folder / KEY.digest)[0]
    data = bytearray(victim.read_bytes())
    data[-1] ^= 1
    victim.write_bytes(data)
    with caplog.at_level(logging.WARNING):
        embeddings, found = cache.read(KEY, contents(10))
    assert found.sum() == 5
    assert np.array_equal(embeddings[found], values(10)[found])
    assert "set aside" in caplog.text


def test_left_overs_of_a_killed_writer_are_no_shards_and_are_cleaned(cache):
    fill(cache, KEY)
    left_over = cache.folder / KEY.digest / ".writing-abc.safetensors"
    left_over.write_bytes(b"half")
    assert cache.read(KEY, contents(5))[1].all()
    fill(cache, KEY, 5, start=5)
    assert not left_over.exists()


def test_a_cache_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="a part of the path is a file"):
        fill(EmbeddingCache(tmp_path / "file" / "cache"), KEY)


def test_the_list_names_what_is_there(cache):
    fill(cache, KEY, 5)
    fill(cache, KEY, 3, start=5)
    (entry,) = cache.list()
    assert (entry.digest, count_embeddings(entry), entry.key["backbone"]) == (
        KEY.digest,
        8,
        "resnet18.random",
    )
    assert entry.size_bytes > 8 * 4 * 4


def test_prune_by_key_and_everything(cache):
    fill(cache, KEY)
    fill(cache, OTHER)
    assert [entry.digest for entry in cache.prune(digest=KEY.digest[:12])] == [KEY.digest]
    assert [entry.digest for entry in cache.list()] == [OTHER.digest]
    cache.prune(everything=True)
    assert cache.list() == ()


def test_prune_by_age_keeps_what_was_read_lately(cache):
    for key in (KEY, OTHER):
        fill(cache, key)
        long_ago = time.time() - 10 * 86_400
        os.utime(cache.folder / key.digest / "key.json", (long_ago, long_ago))
    cache.read(KEY, contents(1))
    assert [entry.digest for entry in cache.prune(older_than_days=5)] == [OTHER.digest]


def test_prune_leaves_what_is_being_computed(cache, caplog):
    fill(cache, KEY)
    with FileLock(cache.folder / f"{KEY.digest}.lock"), caplog.at_level(logging.WARNING):
        assert cache.prune(everything=True) == ()
    assert "was left" in caplog.text
    assert cache.read(KEY, contents(5))[1].all()
