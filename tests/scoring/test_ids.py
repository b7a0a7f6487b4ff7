"""An id is text: the same photograph is scored, and the same id written back, whatever the table is kept in."""

import json
import shutil

import pandas as pd
import pytest

from automl_skin.steps.evaluate import LabelledSet, evaluate
from automl_skin.steps.score import score

IDS = ["1.1", "1.10", "1e3", "1000", "5.0", "5", "007", "12345678901234567890", "+7", "TRUE"]

ALIKE = 1e-3
"""What promise 8 allows through pixels."""


@pytest.fixture(scope="module")
def renamed(tiny, end_to_end, tmp_path_factory):
    """Return pictures under such names, their rows, and what they score under their own names."""
    folder = tmp_path_factory.mktemp("ids")
    (folder / "images").mkdir()
    rows = tiny.rows.head(len(IDS))
    for old, new in zip(rows["image_id"], IDS, strict=True):
        shutil.copy(tiny.images / f"{old}.jpg", folder / "images" / f"{new}.jpg")
    rows.to_csv(folder / "own.csv", index=False)
    expected = end_to_end.score_file(tiny.bundle, tiny.images, folder / "own.scores.csv", folder / "own.csv")
    return folder, rows.assign(image_id=IDS, patient_id=IDS), expected["probability"].tolist()


def _write(rows, path):
    if path.suffix == ".parquet":
        rows.to_parquet(path, index=False)
    elif path.suffix == ".xlsx":
        rows.to_excel(path, index=False)
    elif path.name.startswith("semicolons"):
        path.write_text("sep=;\n" + rows.to_csv(index=False, sep=";"), encoding="utf-8")
    else:
        rows.to_csv(path, index=False)


@pytest.mark.parametrize(
    "name", ["t.csv", "t.tsv.csv", "t.csv.gz", "semicolons.csv", "t.parquet", "index.parquet", "t.xlsx"]
)
def test_every_format_scores_the_same_photographs(tiny, end_to_end, renamed, tmp_path, name):
    folder, rows, expected = renamed
    if name == "index.parquet":
        rows.set_index("image_id").to_parquet(tmp_path / name)
    else:
        _write(rows, tmp_path / name)
    scores = end_to_end.score_file(tiny.bundle, folder / "images", tmp_path / "scores.csv", tmp_path / name)
    assert scores["image_id"].tolist() == IDS
    assert scores["patient_id"].tolist() == IDS
    assert scores["probability"].tolist() == expected


@pytest.mark.parametrize("row", [1, 2, 4])
def test_a_row_alone_is_the_row_of_its_table(tiny, end_to_end, renamed, tmp_path, row):
    folder, rows, expected = renamed
    rows.iloc[[row]].to_csv(tmp_path / "one.csv", index=False)
    alone = end_to_end.score_file(
        tiny.bundle, folder / "images", tmp_path / "scores.csv", tmp_path / "one.csv"
    )
    assert alone["image_id"].tolist() == [IDS[row]]
    assert float(alone["probability"].iloc[0]) == pytest.approx(float(expected[row]), abs=ALIKE)


def test_two_tables_score_as_one(tiny, end_to_end, renamed, tmp_path):
    folder, rows, expected = renamed
    fields = ["age", "sex", "site"]
    rows.drop(columns=fields).to_csv(tmp_path / "cases.csv", index=False)
    rows[["image_id", *fields]].iloc[::-1].to_csv(tmp_path / "fields.csv", index=False)
    tables = [tmp_path / "cases.csv", tmp_path / "fields.csv"]
    summary = score(tiny.bundle, folder / "images", tmp_path / "scores.csv", tables)
    assert end_to_end.read_scores(tmp_path / "scores.csv")["probability"].tolist() == expected
    assert (
        summary.notes[0] == "fields.csv was joined to cases.csv by column 'image_id' and adds age, sex, site"
    )


@pytest.mark.parametrize("case_column", [None, "case_id"])
def test_an_evaluation_finds_every_score_by_its_id(tiny, end_to_end, renamed, tmp_path, case_column):
    folder, rows, _ = renamed
    rows = rows.drop(columns=["patient_id", "lesion_id", "source"]).assign(
        diagnosis=["melanoma", "nevus"] * 5
    )
    roles = {"case": case_column} if case_column else {}  # the bundle was trained without cases
    if case_column:
        rows = rows.assign(case_id=[*IDS[:8], IDS[0], IDS[1]])
    rows.to_csv(tmp_path / "labelled.csv", index=False)
    labelled = LabelledSet(tmp_path / "labelled.csv", folder / "images", "diagnosis", ("melanoma",), roles)
    evaluate(tiny.bundle, labelled, tmp_path / "out", device="cpu")
    found = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert (found["n_cases"], found["n_unscored"]) == (8 if case_column else 10, 0)


def test_two_tables_are_evaluated_as_one_and_that_is_said(tiny, renamed, tmp_path):
    folder, rows, _ = renamed
    rows.drop(columns="diagnosis").to_csv(tmp_path / "cases.csv", index=False)
    rows[["image_id"]].assign(diagnosis=["melanoma", "nevus"] * 5).to_csv(tmp_path / "truth.csv", index=False)
    tables = (tmp_path / "cases.csv", tmp_path / "truth.csv")
    labelled = LabelledSet(tables, folder / "images", "diagnosis", ("melanoma",), {})
    found = evaluate(tiny.bundle, labelled, tmp_path / "out", device="cpu")
    assert found.n_unscored == 0
    assert "truth.csv was joined to cases.csv by column 'image_id' and adds diagnosis" in found.notes


def test_lost_zeros_are_found_and_said_alone_and_in_a_table(tiny, end_to_end, renamed, tmp_path):
    _, rows, expected = renamed
    (tmp_path / "images").mkdir()
    for number, old in enumerate(tiny.rows["image_id"].head(len(IDS))):
        shutil.copy(tiny.images / f"{old}.jpg", tmp_path / "images" / f"{number:04d}.jpg")
    rows = rows.assign(image_id=[str(number) for number in range(len(IDS))])
    for part in (rows, rows.iloc[[3]]):
        part.to_csv(tmp_path / "t.csv", index=False)
        summary = score(tiny.bundle, tmp_path / "images", tmp_path / "scores.csv", tmp_path / "t.csv")
        scores = end_to_end.read_scores(tmp_path / "scores.csv")
        assert scores["image_id"].tolist() == part["image_id"].tolist()
        wanted = [float(expected[row]) for row in part.index]
        assert pd.to_numeric(scores["probability"]).tolist() == pytest.approx(wanted, abs=ALIKE)
        assert summary.notes[0].startswith(f"{len(part)} ids lack the leading zeros of their files")


def test_a_near_miss_is_named_on_its_row(tiny, end_to_end, renamed, tmp_path):
    folder, rows, _ = renamed
    rows.iloc[[5]].assign(image_id="5.00").to_csv(tmp_path / "t.csv", index=False)
    summary = score(tiny.bundle, folder / "images", tmp_path / "scores.csv", tmp_path / "t.csv")
    assert "there is '5.jpg', which differs in a decimal part" in next(iter(summary.problems.values()))
