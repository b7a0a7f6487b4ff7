import pandas as pd


def test_curate_prints_counts_and_writes_the_folder(end_to_end, tmp_path):
    rows = [
        {
            "isic_id": f"ISIC_{number:07d}",
            "benign_malignant": "malignant" if number % 3 == 0 else "benign",
            "sex": "male",
            "age_approx": 40,
            "anatom_site_general": "lateral torso",
        }
        for number in range(12)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "archive.csv", index=False)
    (tmp_path / "list.txt").write_text("2016/train/ISIC_0000001.jpg\nISIC_0000002.jpg\n")
    ended = end_to_end.command(
        "curate",
        "--data",
        tmp_path / "archive.csv",
        "--duplicates",
        tmp_path / "list.txt",
        "--output",
        tmp_path / "curated",
    )
    assert ended.code == 0, ended.errors
    assert "published duplicate lists" in ended.output
    assert "20,311" in ended.output
    assert "isic image download --collections 469 FOLDER" in ended.output
    assert len(pd.read_csv(tmp_path / "curated" / "curated.csv")) == 8
    record = pd.read_csv(tmp_path / "curated" / "record.csv")
    assert "ISIC_0000002" in set(record.loc[record["step"] == "published duplicate lists", "image"])


def test_curate_names_what_is_wrong(end_to_end, tmp_path):
    (tmp_path / "t.csv").write_text("isic_id,sex\nISIC_0000001,male\n")
    ended = end_to_end.command("curate", "--data", tmp_path / "t.csv", "--output", tmp_path / "out")
    assert ended.code == 2
    assert "--class-column 'benign_malignant': expected a column of the table" in ended.errors
    ended = end_to_end.command(
        "curate", "--data", tmp_path / "t.csv", "--output", tmp_path / "out", "--unlabelled", "maybe"
    )
    assert ended.code == 2
    assert "--unlabelled: expected negative or drop, got 'maybe'" in ended.errors
