import datetime as dt
import random
import sys
import warnings
import zipfile

import openpyxl
import pytest

from automl_skin.data.table import read_table, read_table_in_parts
from automl_skin.errors import TableError


def _write(folder, *rows, formats=None):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cell, style in (formats or {}).items():
        book.active[cell].number_format = style
    path = folder / "t.xlsx"
    book.save(path)
    return path


def test_cells_are_text_as_excel_shows_them(tmp_path):
    path = _write(
        tmp_path,
        ["id", "age", "day", "itch", "rest"],
        [7, 5.5, dt.datetime.fromisoformat("2020-01-02"), True, "007"],
        [12345, 60.0, dt.datetime.fromisoformat("2020-01-02T03:04"), False, "1.10"],
        [0.1 + 0.2, None, dt.time(3, 4), "yes", "#N/A"],
    )
    table = read_table(path)
    assert table["id"].tolist() == ["7", "12345", "0.3"]
    assert table["age"].fillna("-").tolist() == ["5.5", "60", "-"]
    assert table["day"].tolist() == ["2020-01-02", "2020-01-02 03:04:00", "03:04:00"]
    assert table["itch"].tolist() == ["TRUE", "FALSE", "yes"]
    assert table["rest"].tolist() == ["007", "1.10", "#N/A"]
    assert [len(part) for part in read_table_in_parts(path, rows=2)] == [2, 1]


def test_zeros_that_a_format_shows_are_part_of_an_id(tmp_path):
    path = _write(
        tmp_path, ["id", "size"], [7, 1.1], [8, 1.234], formats={"A2": "0000", "B2": "0.00", "B3": "0.00"}
    )
    assert read_table(path)["id"].tolist() == ["0007", "8"]
    assert read_table(path)["size"].tolist() == ["1.10", "1.234"]  # no digit that counts is rounded away


def test_a_title_above_and_blank_cells_around_are_no_part(tmp_path):
    path = _write(tmp_path, [], ["id", "age", None], ["a", 1, None], [None, None, " "])
    assert read_table(path).to_numpy().tolist() == [["a", "1"]]


def _two_sheets(book):
    book.create_sheet("More").append(["x", "y"])


def _merged(book):
    book.active.merge_cells("A2:A3")


def _error(book):
    book.active["B2"] = "#REF!"


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (_two_sheets, "expected one sheet with values, got 'Sheet', 'More'"),
        (_merged, r"got merged ones \(A2:A3\)"),
        (_error, "cell B2 of sheet 'Sheet' holds the error #REF!"),
    ],
)
def test_what_must_not_be_guessed_is_refused(tmp_path, change, match):
    book = openpyxl.Workbook()
    for row in (["id", "age"], ["a", 1], ["b", 2]):
        book.active.append(row)
    change(book)
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(TableError, match=match):
        read_table(tmp_path / "t.xlsx")


def test_a_hidden_sheet_and_an_empty_one_are_no_other_table(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["id"])
    book.active.append(["a"])
    _two_sheets(book)
    book["More"].sheet_state = "hidden"
    book.create_sheet("Empty")
    book.save(tmp_path / "t.xlsx")
    assert read_table(tmp_path / "t.xlsx")["id"].tolist() == ["a"]


def test_a_workbook_is_known_by_its_content(tmp_path):
    path = _write(tmp_path, ["id"], ["a"])
    path.rename(tmp_path / "t.csv")
    assert read_table(tmp_path / "t.csv")["id"].tolist() == ["a"]
    (tmp_path / "t.xls").write_bytes(b"\xd0\xcf\x11\xe0" + b"0" * 600)
    with pytest.raises(TableError, match="an old or encrypted Excel file"):
        read_table(tmp_path / "t.xls")


def test_without_openpyxl_the_extra_is_named(tmp_path, monkeypatch):
    path = _write(tmp_path, ["id"], ["a"])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(TableError, match=r"pip install 'automl-skin\[excel\]'"):
        read_table(path)


def test_a_damaged_workbook_is_read_or_named(tmp_path):
    whole = _write(tmp_path, ["id", "age"], *([f"{row:04d}", row] for row in range(50))).read_bytes()
    draw = random.Random(0)
    named = []
    for _ in range(60):
        changed = bytearray(whole)
        if draw.random() < 0.3:
            changed = changed[: draw.randrange(4, len(changed))]
        else:
            changed[draw.randrange(4, len(changed))] = draw.randrange(256)
        (tmp_path / "t.xlsx").write_bytes(changed)
        try:
            read_table(tmp_path / "t.xlsx")
        except TableError as error:
            named.append(str(error))
    assert len(named) > 20
    assert all(str(tmp_path / "t.xlsx") in message for message in named)


def test_no_warning_of_the_library_is_shown(tmp_path, monkeypatch):
    path = _write(tmp_path, ["id"], ["a"])
    load = openpyxl.load_workbook

    def warning(*given, **options):
        warnings.warn("Data Validation extension is not supported", UserWarning, stacklevel=2)
        return load(*given, **options)

    monkeypatch.setattr(openpyxl, "load_workbook", warning)
    assert read_table(path)["id"].tolist() == ["a"]


def test_a_formula_without_its_value_is_named(tmp_path):
    path = _write(tmp_path, ["id", "age"], ["a", "=40+2"], ["b", 7])
    with pytest.raises(TableError, match="got none for cell B2; open the file in Excel and save it"):
        read_table(path)


def test_a_formula_with_an_empty_text_is_blank(tmp_path):
    path = _write(tmp_path, ["id", "age"], ["a", "=40+2"], ["b", 7])
    _edit(path, b'<c r="B2"><f>40+2</f><v /></c>', b'<c r="B2" t="str"><f>""</f><v></v></c>')
    assert read_table(path)["age"].fillna("-").tolist() == ["-", "7"]


def _edit(path, old, new):
    """Replace text in the first sheet of a workbook."""
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert old in parts[sheet], parts[sheet]
    parts[sheet] = parts[sheet].replace(old, new)
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
