import os

import pytest

from automl_skin.scoring.scores_file import read_scores


def test_scores_like_python(tiny, end_to_end, tmp_path):
    ended = end_to_end.command(
        "score", tiny.bundle, "--data", tiny.table, "--images", tiny.images, "--output", tmp_path / "cli.csv"
    )
    assert ended.code == 0, ended.errors
    assert f"{len(tiny.rows)} rows, of which 0 could not be scored" in ended.output
    by_python = end_to_end.score_file(tiny.bundle, tiny.images, tmp_path / "python.csv", tiny.table)
    by_cli = end_to_end.read_scores(tmp_path / "cli.csv")
    assert by_cli["probability"].to_numpy() == pytest.approx(by_python["probability"].to_numpy(), abs=1e-3)


def test_rows_that_cannot_be_scored_give_three(tiny, end_to_end, tmp_path):
    rows = tiny.rows.head(3).assign(image_id=["nowhere", *tiny.rows["image_id"][1:3]])
    rows.to_csv(tmp_path / "table.csv", index=False)
    ended = end_to_end.command(
        "score",
        tiny.bundle,
        "--data",
        tmp_path / "table.csv",
        "--images",
        tiny.images,
        "--output",
        tmp_path / "scores.csv",
    )
    assert ended.code == 3
    assert "Not scored: row 1, nowhere" in ended.output
    assert end_to_end.read_scores(tmp_path / "scores.csv")["probability"].isna().tolist() == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"--images": "/nowhere"}, "--images: expected a folder"),
        ({"--data": "/nowhere.csv"}, "check the path given as --data"),
        ({"--sensitivity": "0.2"}, "--sensitivity: expected one of"),
        ({"--prevalence": "2"}, "--prevalence: expected a share between 0 and 1"),
        ({"--output": "TABLE/scores.csv"}, "a part of the path is a file"),
        ({"--image-column": "photo"}, "'photo': expected a column of the table"),
    ],
)
def test_wrong_input_is_two(tiny, end_to_end, tmp_path, changes, message):
    options = {"--data": tiny.table, "--images": tiny.images, "--output": tmp_path / "scores.csv", **changes}
    flags = [str(each).replace("TABLE", str(tiny.table)) for pair in options.items() for each in pair]
    ended = end_to_end.command("score", tiny.bundle, *flags)
    assert ended.code == 2
    assert message in ended.errors
    assert not (tmp_path / "scores.csv").exists()


def test_no_bundle_is_two(tiny, end_to_end, tmp_path):
    ended = end_to_end.command("score", tmp_path, "--images", tiny.images)
    assert ended.code == 2
    assert "give the folder that `automl-skin export` wrote" in ended.errors


def test_the_terminal_says_what_served_as_what_and_counts_flags(tiny, end_to_end, tmp_path):
    rows = tiny.rows.head(3).rename(columns={"age": "Age"}).assign(sex=["male", "M", "x"], site="back")
    rows.to_csv(tmp_path / "table.csv", index=False)
    options = [
        "--data",
        tmp_path / "table.csv",
        "--images",
        tiny.images,
        "--output",
        tmp_path / "scores.parquet",
    ]
    ended = end_to_end.command("score", tiny.bundle, *options)
    assert ended.code == 0, ended.errors
    assert "image = 'image_id'" in ended.output
    assert ended.output.count("'age' is not in the table") == 1
    assert "if 'Age' is meant, rename it" in ended.output
    assert "Flag missing_age: 3 rows\nFlag unseen_sex: 2 rows" in ended.output
    assert list(read_scores(tmp_path / "scores.parquet")["flags"]) == [
        "missing_age",
        "missing_age;unseen_sex",
        "missing_age;unseen_sex",
    ]


def test_an_output_that_is_the_users_is_wrong_input(tiny, end_to_end, tmp_path):
    rows = tiny.rows.head(2)
    rows.to_csv(tmp_path / "table.csv", index=False)
    before = (tmp_path / "table.csv").read_bytes()
    options = ["--data", tmp_path / "table.csv", "--images", tiny.images, "--output", tmp_path / "table.csv"]
    ended = end_to_end.command("score", tiny.bundle, *options)
    assert ended.code == 2
    assert "expected another file than --data" in ended.errors
    assert (tmp_path / "table.csv").read_bytes() == before


def test_a_folder_of_odd_files_comes_back_whole(tiny, end_to_end, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    whole = (tiny.images / f"{tiny.rows['image_id'][0]}.jpg").read_bytes()
    (folder / "ok.jpg").write_bytes(whole)
    (folder / os.fsdecode(b"mole\xe9.jpg")).write_bytes(whole)
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "short.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "loop.jpg").symlink_to("loop.jpg")
    os.mkfifo(folder / "pipe.jpg")
    with (folder / "sparse.jpg").open("wb") as file:
        file.truncate(6 * 2**30)
    (folder / "folder.jpg").mkdir()
    ended = end_to_end.command("score", tiny.bundle, "--images", folder, "--output", tmp_path / "scores.csv")
    assert ended.code == 3
    scores = read_scores(tmp_path / "scores.csv").set_index("image")
    assert sorted(scores.index[scores["probability"].notna()]) == ["mole\ufffdE9.jpg", "ok.jpg"]
    assert scores["flags"][scores["probability"].isna()].str.startswith("image_unreadable").sum() == 5
