import numpy as np
import pytest
import torch
from PIL import Image

from automl_skin.embeddings.tuning_sheet import FILE_NAME, write_sheet

PIXELS = np.random.default_rng(0).integers(0, 255, size=(3, 24, 32, 3)).astype(np.uint8)


@pytest.mark.parametrize(("augmentation", "columns"), [("none", 1), ("light", 7)])
def test_photographs_and_variants_lie_in_rows(tmp_path, augmentation, columns):
    before = torch.get_rng_state()
    write_sheet(tmp_path, PIXELS, augmentation, 0)
    assert torch.equal(torch.get_rng_state(), before)
    with Image.open(tmp_path / FILE_NAME) as sheet:
        assert sheet.width == columns * 162
        assert sheet.height > 3 * 120


def test_the_seed_decides_what_is_shown(tmp_path):
    sheets = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        write_sheet(tmp_path / name, PIXELS, "light", seed)
        sheets.append((tmp_path / name / FILE_NAME).read_bytes())
    assert sheets[0] == sheets[1] != sheets[2]


def test_a_sheet_that_is_there_is_kept(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"before")
    write_sheet(tmp_path, PIXELS, "light", 0)
    assert (tmp_path / FILE_NAME).read_bytes() == b"before"
