import datetime as dt
import io
import random
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl_skin.data.table import read_table
from automl_skin.errors import TableError


def _read(folder, table):
    pq.write_table(table, folder / "t.parquet")
    return read_table(folder / "t.parquet")


def test_a_named_index_is_a_column_and_a_count_of_rows_is_none(tmp_path):
    frame = pd.DataFrame({"id": ["007", "008"], "age": [5, 6]})
    for indexed in (frame.set_index("id"), frame.set_index(["id", "age"])):
        indexed.assign(x=1).to_parquet(tmp_path / "t.parquet")
        assert read_table(tmp_path / "t.parquet")["id"].tolist() == ["007", "008"]
    frame.iloc[[1]].to_parquet(tmp_path / "t.parquet")
    assert list(read_table(tmp_path / "t.parquet").columns) == ["id", "age"]
    frame.set_axis(["a", "b"]).to_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet")["index"].tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (pa.array([2**64 - 1, None], pa.uint64()), [str(2**64 - 1), "-"]),
        (pa.array([5.0, float("nan")]), ["5", "-"]),
        (pa.array([1e15, 1.1]), ["1000000000000000", "1.1"]),
        (pa.array([5.1, 3], pa.float32()), ["5.1", "3"]),
        (pa.array([Decimal("1.10"), None]), ["1.10", "-"]),
        (pa.array([True, None]), ["True", "-"]),
        (
            pa.array([pd.Timestamp("2020-01-02"), pd.Timestamp("2020-01-02 03:04")]),
            ["2020-01-02", "2020-01-02 03:04:00"],
        ),
        (pa.array([dt.date(2020, 1, 2), None]), ["2020-01-02", "-"]),
        (pa.array(["1.10", " "]).dictionary_encode(), ["1.10", "-"]),
        (pa.array([b"007", None]), ["007", "-"]),
        (pa.array([[1, 2], None]), ["[1, 2]", "-"]),
        (pa.array([None, None]), ["-", "-"]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_values_of_every_type_are_text(tmp_path, values, text):
    assert _read(tmp_path, pa.table({"x": values}))["x"].fillna("-").tolist() == text


def test_bytes_that_are_no_text_are_named(tmp_path):
    with pytest.raises(TableError, match="column 2: expected text, got other bytes"):
        _read(tmp_path, pa.table({"id": ["a"], "picture": [b"\xff\xd8"]}))


def test_one_table_whatever_its_row_groups(tmp_path):
    table = pa.table({"id": [str(row) for row in range(10)]})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=3)
    assert read_table(tmp_path / "t.parquet").index.tolist() == list(range(10))


def _damaged(content, draw):
    """Return a file that is cut short, has other bits or bytes, or lacks some."""
    changed = bytearray(content)
    kind = draw.randrange(4)
    if kind == 0:
        return changed[: draw.randrange(4, len(changed))]
    start = draw.randrange(4, len(changed) - 8)
    if kind == 1:
        changed[start] ^= 1 << draw.randrange(8)
    elif kind == 2:
        changed[start : start + 20] = draw.randbytes(20)
    else:
        del changed[start : start + draw.randrange(1, 200)]
    return changed


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_file_is_read_or_named(tmp_path, seed):
    draw = random.Random(seed)
    options = [{}, {"compression": "zstd"}, {"compression": None}, {"use_dictionary": False}][seed % 4]
    frame = pd.DataFrame(
        {"id": [f"{row:05d}" for row in range(40)], "age": range(40), "day": pd.Timestamp(0)}
    )
    whole = io.BytesIO()
    (frame.set_index("id") if seed % 2 else frame).to_parquet(whole, **options)
    named = []
    for _ in range(30):
        (tmp_path / "t.parquet").write_bytes(_damaged(whole.getvalue(), draw))
        try:
            read_table(tmp_path / "t.parquet")
        except TableError as error:
            named.append(str(error))
    assert len(named) > 10
    assert all(str(tmp_path / "t.parquet") in message for message in named)
