"""Tables as strangers write them: every one is understood or refused by an error of ours, and no id or value changes.

Hypothesis draws ids, values, formats and folders, and damages finished files. The oracle is the text that the test
itself wrote: a photograph must be the one whose name is the id, and a metadata value must be the one written, or
missing with a remark on its column.
"""

import csv
import gzip
import io
import unicodedata
from functools import cache
from pathlib import PurePosixPath

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from PIL import Image

from automl_skin.data.manifest import ManifestOptions, build_manifest
from automl_skin.data.table import read_table
from automl_skin.errors import AutomlSkinError

CASES = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# What spreadsheets, pandas and float() take for something else than text, and names with accents.
TRAPS = (
    *("1.10", "1.1", "1e3", "1000", "5.0", "5", "007", "7", "0x10", "1_000", "+5", "-0", "inf", "true"),
    *("1,10"),
    *("12345678901234567890", "2020-01-01", "1/2", "Läsion", unicodedata.normalize("NFD", "Läsion"), "a b"),
    *("IMG.1", "nan1", "x=1", "#3", "O'Neil", "50%"),
)
NAMES = st.one_of(
    st.sampled_from([name for name in TRAPS if "/" not in name]),
    st.text("abcXYZ0123456789.-_ äé", min_size=1, max_size=8),
    st.decimals(min_value=0, max_value=10**6, places=2).map(str),
    st.integers(0, 10**20).map(str),
).filter(lambda name: name.strip(" .") == name and name not in {".", ".."})
WRITERS = ("csv", "semicolon", "tab", "sep", "gzip", "parquet", "excel")
ENCODINGS = {"bom": "utf-8-sig", "latin": "latin-1", "wide": "utf-16"}


@cache
def _jpeg():
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (180, 120, 100)).save(file, "JPEG")
    return file.getvalue()


def _delimited(rows, delimiter):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


def _write(folder, kind, rows):
    """Write rows of text, the header first; the file's path."""
    if kind == "parquet":
        path = folder / "table.parquet"
        pd.DataFrame(rows[1:], columns=rows[0]).to_parquet(path)
        return path
    if kind == "excel":
        path = folder / "table.xlsx"
        pd.DataFrame(rows[1:], columns=rows[0]).to_excel(path, index=False)
        return path
    delimiter = {"semicolon": ";", "sep": ";", "tab": "\t"}.get(kind, ",")
    text = ("sep=;\r\n" if kind == "sep" else "") + _delimited(rows, delimiter)
    path = folder / ("table.csv.gz" if kind == "gzip" else "table.csv")
    try:
        content = text.encode(ENCODINGS.get(kind, "utf-8"))
    except UnicodeEncodeError:  # an old code page has not all letters
        reject()
    path.write_bytes(gzip.compress(content) if kind == "gzip" else content)
    return path


def _same(left, right):
    return unicodedata.normalize("NFC", left) == unicodedata.normalize("NFC", right)


@pytest.mark.parametrize("kind", [*WRITERS, *ENCODINGS])
@CASES
@given(ids=st.lists(NAMES, min_size=3, max_size=8, unique_by=lambda name: unicodedata.normalize("NFC", name)))
def test_an_id_finds_its_own_photograph_or_none(tmp_path_factory, kind, ids):
    folder = tmp_path_factory.mktemp("fuzz")
    images = folder / "images"
    images.mkdir()
    for name in ids:
        (images / f"{name}.jpg").write_bytes(_jpeg())
    rows = [["image_id", "dx"], *([name, "benign" if at % 2 else "malignant"] for at, name in enumerate(ids))]
    try:
        table = read_table(_write(folder, kind, rows))
        options = ManifestOptions(target="dx", roles={"image": "image_id"})
        manifest = build_manifest(table, images, options)
    except AutomlSkinError:
        return
    found = manifest.images.set_index("given")["path"]
    assert len(found) == len(ids)
    for written in ids:
        (path,) = [path for given_id, path in found.items() if _same(given_id, written)]
        assert pd.isna(path) or _same(PurePosixPath(path).name, f"{written}.jpg")


VALUES = st.one_of(
    st.sampled_from(
        ("", "unknown", "-", "N.A.", "?", "-1", "999", "1.10", "1e3", "true", "YES", "Ja", "007")
    ),
    st.integers(-5, 130).map(str),
    st.floats(allow_nan=False, width=32).map(repr),
    st.text("abc äé.,;'\"=+-\t", max_size=6),
)


@pytest.mark.parametrize("kind", WRITERS)
@CASES
@given(values=st.lists(VALUES, min_size=4, max_size=12))
def test_a_value_is_kept_or_its_loss_is_said(tmp_path_factory, kind, values):
    folder = tmp_path_factory.mktemp("fuzz")
    images = folder / "images"
    images.mkdir()
    rows = [["image_id", "dx", "thing"]]
    for at, value in enumerate(values):
        (images / f"case{at}.jpg").write_bytes(_jpeg())
        rows.append([f"case{at}", "benign" if at % 2 else "malignant", value])
    try:
        table = read_table(_write(folder, kind, rows))
        manifest = build_manifest(table, images, ManifestOptions(target="dx", metadata=("thing",)))
    except AutomlSkinError:
        return
    said = " ".join(remark.text for remark in manifest.findings if remark.column == "thing")
    for at, value in enumerate(values):
        kept = manifest.metadata["thing"][f"case{at}"]
        if pd.isna(kept):
            assert not value.strip() or said, (value, kept)
        elif manifest.kinds["thing"] == "number":
            assert float(kept) == pytest.approx(float(value.strip().removesuffix("+").replace(",", ".")))
        else:
            assert _level(kept) == _level(value)


def _level(text):
    """A category as people read it: 1 and 1.0 are one level."""
    text = unicodedata.normalize("NFC", text.strip()).replace(",", ".").casefold()
    try:
        return float(text)
    except ValueError:
        return text


@cache
def _whole(kind):
    import tempfile
    from pathlib import Path

    rows = [["image_id", "age", "dx"], *([f"case{at}", str(30 + at), "nv"] for at in range(30))]
    with tempfile.TemporaryDirectory() as folder:
        path = _write(Path(folder), kind, rows)
        return path.name, path.read_bytes()


@pytest.mark.parametrize("kind", WRITERS)
@CASES
@given(
    hits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6),
    keep=st.floats(0.05, 1.0),
)
def test_a_damaged_file_is_read_or_refused(tmp_path_factory, kind, hits, keep):
    name, content = _whole(kind)
    damaged = bytearray(content[: max(1, int(len(content) * keep))])
    for share, byte in hits:
        damaged[int(share * len(damaged))] = byte
    path = tmp_path_factory.mktemp("fuzz") / name
    path.write_bytes(bytes(damaged))
    try:
        table = read_table(path)
    except AutomlSkinError as error:
        said = str(error)
    else:
        said = str(path) if len(table) else ""
    assert str(path) in said
