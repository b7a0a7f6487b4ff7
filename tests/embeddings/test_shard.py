import logging

import numpy as np
import pytest

from automl_skin.digests import digest_bytes
from automl_skin.embeddings.shard import Shard, count_rows, join, read_shard, shard_files, write_shard


def shard(n, start=0):
    contents = tuple(digest_bytes(str(i).encode()) for i in range(start, start + n))
    return Shard(contents, np.random.default_rng(start).standard_normal((n, 4)).astype(np.float32))


def test_a_shard_comes_back(tmp_path):
    path = write_shard(tmp_path, shard(3))
    again = read_shard(path)
    assert again.contents == shard(3).contents
    assert np.array_equal(again.embeddings, shard(3).embeddings)
    assert count_rows(path) == 3
    assert shard_files(tmp_path) == [path]


@pytest.mark.parametrize("position", [0, 9, 200, -1])
def test_one_changed_byte_sets_a_shard_aside(tmp_path, caplog, position):
    path = write_shard(tmp_path, shard(3))
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)
    with caplog.at_level(logging.WARNING):
        assert read_shard(path) is None
    assert "is damaged" in caplog.text
    assert shard_files(tmp_path) == []
    assert path.with_name(path.name + ".damaged").read_bytes() == data


def test_a_shard_that_was_pruned_meanwhile_is_not_there(tmp_path):
    assert read_shard(tmp_path / "gone.safetensors") is None


def test_an_unreadable_header_counts_nothing(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"\xff" * 40)
    assert count_rows(tmp_path / "x.safetensors") == 0


def test_join_cuts_into_full_pieces():
    joined = join([shard(500), shard(0), shard(600, 500)])
    assert [len(piece.contents) for piece in joined] == [512, 512, 76]
    assert np.array_equal(joined[1].embeddings[-1], shard(600, 500).embeddings[523])
    assert join([]) == []
