import numpy as np
import pytest

from automl_skin.images import pixel_file
from automl_skin.images.pixel_file import PixelFile


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(pixel_file, "_BLOCK_BYTES", 4 * 2 * 3 * 3)  # four images a block
    return PixelFile(tmp_path, (10, 2, 3, 3))


PIXELS = np.random.default_rng(0).integers(0, 256, (10, 2, 3, 3), dtype=np.uint8)


def write(file, n_blocks=3):
    for start in range(0, 4 * n_blocks, 4):
        file.append(PIXELS[start : start + 4], {start: "gone"} if start == 4 else {})


def test_blocks_are_whole_and_mapped(file):
    assert (file.block_rows, file.n_blocks, file.total_bytes) == (4, 3, 180)
    write(file)
    assert file.is_full_size
    assert [block.failures for block in file.whole_blocks()] == [{}, {4: "gone"}, {}]
    np.testing.assert_array_equal(file.map(), PIXELS)
    assert not file.map().flags.writeable


def test_nothing_is_there_at_first(file):
    assert not file.is_full_size
    assert file.whole_blocks() == []


@pytest.mark.parametrize(("place", "n_whole"), [(0, 0), (71, 0), (72, 1), (179, 2)])
def test_a_changed_byte_is_noticed(file, place, n_whole):
    write(file)
    data = bytearray(file.path.read_bytes())
    data[place] ^= 1
    file.path.write_bytes(data)
    assert len(file.whole_blocks()) == n_whole


@pytest.mark.parametrize(("length", "n_whole"), [(0, 0), (71, 0), (72, 1), (150, 2), (179, 2)])
def test_a_file_cut_short_is_noticed(file, length, n_whole):
    write(file)
    file.path.write_bytes(file.path.read_bytes()[:length])
    assert len(file.whole_blocks()) == n_whole
    assert not file.is_full_size


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_line_cut_short_vouches_for_nothing(file, cut):
    write(file)
    lines = file.folder / "blocks.jsonl"
    lines.write_text(lines.read_text()[: -1 - cut])
    assert len(file.whole_blocks()) == 2


def test_writing_goes_on_behind_the_last_whole_block(file):
    write(file, 2)
    with file.path.open("ab") as torn:
        torn.write(b"half a block")
    file.keep(file.whole_blocks())
    file.append(PIXELS[8:], {})
    assert len(file.whole_blocks()) == 3
    np.testing.assert_array_equal(file.map(), PIXELS)


def test_a_file_of_no_images(tmp_path):
    file = PixelFile(tmp_path, (0, 2, 3, 3))
    file.keep([])
    assert file.is_full_size
    assert file.map().shape == (0, 2, 3, 3)
