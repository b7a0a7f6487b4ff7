from io import BytesIO

from PIL import Image

from automl_skin.images.shift_sheet import shift_sheet


def test_a_sheet_of_all_shifts(paint):
    sheet = shift_sheet([paint(1), paint(2, 100, 100)], ["a", "b"])
    assert Image.open(BytesIO(sheet)).size == (7 * 162, 2 * (14 + 2 * 162))
    assert shift_sheet([paint(1), paint(2, 100, 100)], ["a", "b"]) == sheet
