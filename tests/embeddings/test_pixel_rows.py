import pickle

import numpy as np
import pytest

from automl_skin.embeddings.pixel_rows import PixelRows


@pytest.fixture
def mapped(tmp_path):
    pixels = np.random.default_rng(0).integers(256, size=(9, 4, 5, 3)).astype(np.uint8)
    np.save(tmp_path / "pixels.npy", pixels)
    return np.load(tmp_path / "pixels.npy", mmap_mode="r")


def test_rows_are_those_named(mapped):
    rows = np.array([7, 0, 3, 3])
    opened = PixelRows.of(mapped, rows).open()
    assert opened.shape == (4, 4, 5, 3)
    assert len(opened) == 4
    assert np.array_equal(opened[np.array([2, 0])], mapped[[3, 7]])
    assert np.array_equal(opened[1:3], mapped[[0, 3]])


def test_rows_of_several_photographs_are_black_where_there_is_none(mapped):
    seen = []
    opened = PixelRows.of(mapped, np.array([[7, 0], [-1, 3], [2, -1]])).open(seen.append)
    assert (opened.shape, opened.ndim) == ((3, 2, 4, 5, 3), 5)
    found = opened[np.array([1, 0])]
    assert np.array_equal(found[:, 1], mapped[[3, 0]])
    assert np.array_equal(found[1, 0], mapped[7])
    assert (found[0, 0] == 0).all()
    assert seen == [2]  # rows, not photographs
    assert (mapped[-1] != 0).any()


def test_what_is_sent_to_another_process_has_no_pixels(mapped):
    described = PixelRows.of(mapped, np.arange(9))
    assert len(pickle.dumps(described)) < 1000
    assert np.array_equal(pickle.loads(pickle.dumps(described)).open()[:9], mapped)  # noqa: S301 - our own


def test_the_reader_is_told_how_many_were_asked_for(mapped):
    seen = []
    opened = PixelRows.of(mapped, np.arange(9)).open(seen.append)
    _ = opened[np.array([1, 2, 3])], opened[4:6]
    assert seen == [3, 2]


def test_pixels_in_memory_have_no_file(mapped):
    with pytest.raises(TypeError, match="expected pixels mapped from a file"):
        PixelRows.of(np.array(mapped), np.arange(2))
