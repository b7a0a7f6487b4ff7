from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from automl_skin.embeddings.given import GivenVectors, parse_given, read_given
from automl_skin.errors import ConfigError, InputError

IDS = ["a", "b", "c"]
VECTORS = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture
def npz(tmp_path):
    def write(ids=IDS, vectors=VECTORS, **more):
        np.savez(tmp_path / "made.npz", ids=ids, vectors=vectors, **more)
        return tmp_path / "made.npz"

    return write


@pytest.fixture
def lists(tmp_path):
    """Write Parquet of a column of ids and one of lists."""

    def write(vectors, ids=IDS, metadata=None, **columns):
        table = pa.table({"isic_id": ids, "vector": [list(each) for each in vectors], **columns})
        parquet.write_table(table.replace_schema_metadata(metadata), tmp_path / "made.parquet")
        return tmp_path / "made.parquet"

    return write


def test_every_form_says_the_same(npz, lists, tmp_path):
    wide = tmp_path / "wide.parquet"
    pd.DataFrame(VECTORS, index=pd.Index(IDS), columns=list("wxyz")).to_parquet(wide)
    read = [read_given("made", path) for path in (npz(), lists(VECTORS), wide)]
    assert [each.ids for each in read] == [("a", "b", "c")] * 3
    assert all((each.vectors == VECTORS).all() for each in read)
    assert len({each.digest for each in read}) == 1
    assert [each.layout for each in read] == [
        "entries 'ids' and 'vectors'",
        "columns 'isic_id' and 'vector', of lists",
        "column '__index_level_0__' and 4 columns of numbers",
    ]


def test_the_order_of_a_file_does_not_matter_and_its_numbers_do(npz):
    digest = read_given("made", npz()).digest
    assert read_given("made", npz(IDS[::-1], VECTORS[::-1])).digest == digest
    assert read_given("made", npz(IDS, VECTORS + np.float32(1e-6))).digest != digest
    assert read_given("made", npz(["a", "b", "d"])).digest != digest


@pytest.mark.parametrize("key", ["licence", "license"])
def test_the_licence_is_read_where_the_file_gives_one(npz, lists, key):
    assert read_given("made", npz(**{key: "CC BY 4.0"})).licence == "CC BY 4.0"
    assert read_given("made", lists(VECTORS, metadata={key: "MIT"})).licence == "MIT"
    assert read_given("made", npz()).licence == ""


def test_ids_that_are_numbers_are_text(tmp_path):
    pd.DataFrame({"image_id": [7, 8], "v0": [0.5, 1.5], "v1": [1.0, 2.0]}).to_parquet(
        tmp_path / "made.parquet"
    )
    given = read_given("made", tmp_path / "made.parquet")
    assert (given.ids, given.n_dimensions) == (("7", "8"), 2)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_a_vector_that_is_not_finite_is_named(npz, bad):
    vectors = VECTORS.astype(np.float64)
    vectors[1, 2] = bad
    with pytest.raises(
        InputError, match=r"finite numbers in every vector, got NaN or infinite ones in 1: 'b' \(row 2\)"
    ):
        read_given("made", npz(vectors=vectors))


def test_vectors_of_another_length_are_named(lists):
    message = r"one length \(4 numbers, as most have\), got other lengths for 1: 'c' \(row 3, 2\)"
    with pytest.raises(InputError, match=message):
        read_given("made", lists([*VECTORS[:2], [1.0, 2.0]]))


def test_an_id_twice_may_not_say_two_things(npz):
    ids = ["a", "b", "a"]
    with pytest.raises(InputError, match=r"different ones for 1 ids: 'a' \(row 1\), 'a' \(row 3\)"):
        read_given("made", npz(ids))
    same = read_given("made", npz(ids, VECTORS[[0, 1, 0]]))
    assert same.ids == ("a", "b")
    assert (same.vectors == VECTORS[:2]).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "none.npz", "not a file"),
        (lambda folder: folder / "made.txt", r"expected a file of vectors, .parquet or .npz, got '.txt'"),
        (lambda folder: folder / "torn.npz", "expected an npz file"),
        (lambda folder: folder / "torn.parquet", "not a Parquet file"),
    ],
)
def test_other_files_are_refused(tmp_path, make, message):
    for name in ("made.txt", "torn.npz", "torn.parquet"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(InputError, match=message):
        read_given("made", make(tmp_path))


def test_entries_and_columns_that_are_not_understood_are_listed(tmp_path, npz, lists):
    np.savez(tmp_path / "other.npz", X=VECTORS, names=IDS)
    with pytest.raises(InputError, match="got the entries X, names; name them so"):
        read_given("made", tmp_path / "other.npz")
    with pytest.raises(InputError, match="write ids with dtype=str, not as objects"):
        read_given("made", npz(np.array(IDS, dtype=object)))
    with pytest.raises(InputError, match=r"ids of shape \(2,\) and vectors of shape \(3, 4\)"):
        read_given("made", npz(["a", "b"]))
    with pytest.raises(InputError, match="expected one column of lists, the vectors, got vector, other"):
        read_given("made", lists(VECTORS, other=[[1.0]] * 3))
    pd.DataFrame({"x": ["a"], "y": ["b"], "v": [1.0]}).to_parquet(tmp_path / "two.parquet")
    with pytest.raises(InputError, match=r"expected one column of ids, .*, got x, y, v"):
        read_given("made", tmp_path / "two.parquet")
    with pytest.raises(InputError, match="expected an id for each vector, got none in row 2"):
        read_given("made", lists(VECTORS, ["a", None, "c"]))


def given(*ids):
    return GivenVectors("made", None, ids, np.zeros((len(ids), 1), np.float32))


def images(*names, cases=None):
    return pd.DataFrame({"given": list(names), "case": list(cases or names)})


@pytest.mark.parametrize(
    ("ids", "names"),
    [
        (("a", "b"), ("a.jpg", "b.png")),
        (("a.jpg", "b.jpg"), ("a", "b")),
        (("a", "b"), ("folder/a.jpg", "folder/b.jpg")),
        (("folder/a.jpg", "folder/b.jpg"), ("a", "b")),
        (("one/a.jpg", "two/a.jpg"), ("one/a.jpg", "two/a")),
    ],
)
def test_extension_and_folder_may_be_left_out(ids, names):
    by, places = given(*ids).match(images(*names))
    assert (by, places.tolist()) == ("image", [0, 1])


def test_folders_count_where_both_have_some():
    assert given("one/a.jpg").find(["two/a.jpg", "a.b"]).tolist() == [-1, -1]


def test_an_id_that_may_mean_two_is_refused():
    with pytest.raises(
        InputError, match=r"expected one vector for 'a', got those of 'one/a.jpg', 'two/a.jpg'"
    ):
        given("one/a.jpg", "two/a.jpg").find(["a"])
    assert given("a.jpg", "a.png").find(["a.png"]).tolist() == [1]


def test_ids_of_cases_are_found_where_they_are_more():
    rows = images("i1", "i2", "i3", cases=["c1", "c1", "c2"])
    assert given("c1", "c2").match(rows)[0] == "case"
    assert given("c1", "c2").match(rows)[1].tolist() == [0, 0, 1]
    assert given("i1", "c2").match(rows)[0] == "image"


@pytest.mark.parametrize("text", ["a b.npz", "a@b=made.npz", "=made.npz", "made+x.npz", ""])
def test_a_name_has_letters_and_digits(text):
    with pytest.raises(ConfigError, match="expected FILE or NAME=FILE with a name of letters"):
        parse_given(text)


def test_a_path_with_an_equals_sign_is_a_path():
    assert parse_given("/data/x=1/made.npz") == ("made", Path("/data/x=1/made.npz"))
