from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from automl_skin.images.augment import PRESETS
from automl_skin.images.sheets import augmentation_sheet, shift_sheet


def size_of(sheet):
    return Image.open(BytesIO(sheet)).size


@pytest.mark.parametrize("name", PRESETS)
def test_a_sheet_of_what_a_network_sees(paint, name):
    pixels = np.stack([paint(i, 30, 40) for i in range(3)])
    before = torch.get_rng_state()
    sheet = augmentation_sheet(name, pixels, 0, draws=4)
    assert torch.equal(torch.get_rng_state(), before)
    assert size_of(sheet) == (5 * 162, 14 + 3 * 122)
    assert augmentation_sheet(name, pixels, 0, draws=4) == sheet
    assert (augmentation_sheet(name, pixels, 1, draws=4) == sheet) == (name == "none")


def test_a_memory_map_is_shown_as_well(tmp_path):
    pixels = np.lib.format.open_memmap(tmp_path / "pixels.npy", "w+", np.uint8, (2, 8, 8, 3))
    pixels.flush()
    assert augmentation_sheet("none", np.load(tmp_path / "pixels.npy", mmap_mode="r"), 0)
    pixels._mmap.close()


def test_a_sheet_of_all_shifts(paint):
    sheet = shift_sheet([paint(1), paint(2, 100, 100)], ["a", "b"])
    assert size_of(sheet) == (7 * 162, 2 * (14 + 2 * 162))
    assert shift_sheet([paint(1), paint(2, 100, 100)], ["a", "b"]) == sheet
