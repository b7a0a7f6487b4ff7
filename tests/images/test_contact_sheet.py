from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from automl_skin.images.contact_sheet import contact_sheet


def plain(value, height=20, width=30):
    return np.full((height, width, 3), value, np.uint8)


def opened(sheet):
    picture = Image.open(BytesIO(sheet))
    assert picture.format == "PNG"
    return np.asarray(picture)


def test_rows_are_images_and_columns_are_variants():
    columns = {"first": [plain(10), plain(60)], "second": [plain(110), plain(160)]}
    sheet = opened(contact_sheet(columns, side=60))
    assert sheet.shape == (14 + 2 * 42, 2 * 62, 3)
    middles = [[int(sheet[14 + row * 42 + 20, column * 62 + 30, 0]) for column in (0, 1)] for row in (0, 1)]
    assert middles == [[10, 110], [60, 160]]


def test_many_columns_take_several_bands():
    columns = {f"variant {i}": [plain(20 * i)] for i in range(5)}
    sheet = opened(contact_sheet(columns, ["a"], per_line=2, side=60))
    assert sheet.shape == (3 * (14 + 42), 2 * 62, 3)
    assert sheet[2 * 56 + 14 + 20, 30, 0] == 80


def test_names_are_written_and_never_over_the_next():
    named = opened(contact_sheet({"a very long name indeed": [plain(9)], "": [plain(9)]}, ["row"], side=60))
    unnamed = opened(contact_sheet({" ": [plain(9)], "": [plain(9)]}, side=60))
    assert (named[:14, :62] != unnamed[:14, :62]).any()
    assert (named[:14, 62:] == unnamed[:14, 62:]).all()
    assert (named[14:, :62] != unnamed[14:, :62]).any()


@pytest.mark.parametrize("size", [(1, 1), (500, 20), (20, 500)])
def test_pictures_of_any_size_are_fitted(size):
    sheet = opened(contact_sheet({"one": [plain(50, *size), plain(50)]}, side=40))
    assert sheet.shape[1] == 42


def test_nothing_to_show_is_a_sheet_as_well():
    assert opened(contact_sheet({})).size
