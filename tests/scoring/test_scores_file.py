import pandas as pd
import pytest

from automl_skin.errors import ConfigError, TableError
from automl_skin.scoring.scores_file import are_scores, read_scores, require_format, write_scores

IDS = [
    "=1+1",
    "+49",
    "-5",
    "@x",
    "'quoted",
    "''=a",
    "'=b",
    "plain",
    "a=b",
    "",
    "\ttab",
    "\rcr",
    "1.10",
    'a,"b"\nc',
]


def scores(ids=IDS):
    return pd.DataFrame(
        {
            "=id": ids,
            "probability": ["0.1" if position % 2 else "" for position in range(len(ids))],
            "decision": "-",
            "flags": "",
        },
        dtype="str",
    )


@pytest.mark.parametrize("name", ["s.csv", "s.parquet", "s.pq", "s"])
def test_ids_come_back_as_they_were_given(tmp_path, name):
    write_scores(tmp_path / name, [scores(IDS[:5]), scores(IDS[5:])])
    back = read_scores(tmp_path / name)
    assert list(back["=id"]) == IDS
    assert set(back["decision"]) == {"-"}
    assert back["probability"].dtype == "float64"
    assert back["probability"].isna().sum() == sum(
        scores(part)["probability"].eq("").sum() for part in (IDS[:5], IDS[5:])
    )


def test_no_cell_of_a_csv_begins_with_what_a_spreadsheet_runs(tmp_path):
    write_scores(tmp_path / "s.csv", [scores()])
    raw = pd.read_csv(tmp_path / "s.csv", dtype="str", keep_default_na=False)
    texts = [*raw.columns, *raw.drop(columns="probability").to_numpy().ravel()]
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_numbers_are_not_touched(tmp_path):
    table = scores(["a"]).assign(probability="-1e-05")
    write_scores(tmp_path / "s.csv", [table])
    assert "a,-1e-05,'-," in (tmp_path / "s.csv").read_text()
    write_scores(tmp_path / "s.parquet", [table.assign(probability="0.1")])
    assert list(read_scores(tmp_path / "s.parquet")["probability"]) == [0.1]


def test_parquet_has_ids_as_they_are(tmp_path):
    write_scores(tmp_path / "s.parquet", [scores()])
    assert list(pd.read_parquet(tmp_path / "s.parquet")["=id"]) == IDS


@pytest.mark.parametrize(
    "text", ["a,b\n1,2\n", "", "probability,decision,flags,my notes\n", "decision,flags\n", "\xff"]
)
def test_other_files_are_no_scores(tmp_path, text):
    for name in ("x.csv", "x.parquet"):
        (tmp_path / name).write_bytes(text.encode("latin-1"))
        assert not are_scores(tmp_path / name)
        with pytest.raises(TableError, match="expected scores"):
            read_scores(tmp_path / name)


def test_a_parquet_of_the_users_is_no_scores(tmp_path):
    scores().to_parquet(tmp_path / "x.parquet")
    assert not are_scores(tmp_path / "x.parquet")


def test_other_formats_are_refused_by_their_name(tmp_path):
    with pytest.raises(ConfigError, match=r"expected a name that ends in .csv or .parquet, got s.XLSX"):
        require_format(tmp_path / "s.XLSX")
