import json


def test_check_writes_the_audit_and_no_study(tiny, end_to_end, tmp_path):
    leaky = tmp_path / "leaky.csv"
    rows = tiny.rows
    malignant = rows["diagnosis"].isin(["melanoma", "carcinoma"])
    rows.assign(biopsy=malignant.map({True: "done", False: ""})).to_csv(leaky, index=False)
    ended = end_to_end.command(
        "check",
        "--data",
        leaky,
        "--images",
        tiny.images,
        "--target",
        "diagnosis",
        "--positive",
        "melanoma,carcinoma",
        "--output",
        tmp_path / "audit",
        "--cache-dir",
        tiny.workspace.cache,
    )
    assert ended.code == 0, ended.errors
    audit = json.loads((tmp_path / "audit" / "audit.json").read_text())
    assert "biopsy" in audit["quarantined"]
    assert audit["quarantined"]["biopsy"]
    assert {finding["column"] for finding in audit["findings"]} >= {"biopsy"}
    assert all(finding["reason"] for finding in audit["findings"])
    assert sum(audit["class_counts"].values()) == len(rows)
    assert not {"age", "sex", "site"} & set(audit["quarantined"])
    assert "biopsy" in ended.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["audit", "leaky.csv"]


def test_allow_lifts_the_quarantine(tiny, end_to_end, tmp_path):
    leaky = tmp_path / "leaky.csv"
    rows = tiny.rows
    malignant = rows["diagnosis"].isin(["melanoma", "carcinoma"])
    rows.assign(biopsy=malignant.map({True: "done", False: ""})).to_csv(leaky, index=False)
    common = [
        "--data",
        leaky,
        "--images",
        tiny.images,
        "--target",
        "diagnosis",
        "--positive",
        "melanoma,carcinoma",
    ]
    ended = end_to_end.command(
        "check",
        *common,
        "--allow",
        "biopsy",
        "--quarantine",
        "sex",
        "--output",
        tmp_path,
        "--cache-dir",
        tiny.workspace.cache,
    )
    assert ended.code == 0, ended.errors
    assert list(json.loads((tmp_path / "audit.json").read_text())["quarantined"]) == ["sex"]


def test_missing_and_damaged_images_are_findings(tiny, end_to_end, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    for number, path in enumerate(sorted(tiny.images.iterdir())):
        content = path.read_bytes()
        if number == 0:
            continue
        (images / path.name).write_bytes(content[: len(content) // 4] if number == 1 else content)
    ended = end_to_end.command(
        "check",
        "--data",
        tiny.table,
        "--images",
        images,
        "--target",
        "diagnosis",
        "--positive",
        "melanoma,carcinoma",
        "--output",
        tmp_path,
        "--cache-dir",
        tmp_path / "cache",
    )
    assert ended.code == 0, ended.errors
    audit = json.loads((tmp_path / "audit.json").read_text())
    assert audit["images"]["missing"] == 1
    assert audit["images"]["damaged"] == 1


def test_wrong_input_is_named(tiny, end_to_end, tmp_path):
    common = ["check", "--images", tiny.images, "--cache-dir", tiny.workspace.cache]
    absent = end_to_end.command(*common, "--data", tmp_path / "absent.csv", "--target", "dx")
    assert absent.code == 2
    assert "check the path given as --data" in absent.errors
    target = end_to_end.command(*common, "--data", tiny.table, "--target", "dx")
    assert target.code == 2
    assert "diagnosis" in target.errors
    one = tmp_path / "one.csv"
    tiny.rows.assign(diagnosis="nevus").to_csv(one, index=False)
    single = end_to_end.command(*common, "--data", one, "--target", "diagnosis")
    assert single.code == 2
    assert "at least two values" in single.errors


def test_table_without_any_image_is_told(tiny, end_to_end, tmp_path):
    (tmp_path / "empty").mkdir()
    ended = end_to_end.command(
        "check",
        "--data",
        tiny.table,
        "--images",
        tmp_path / "empty",
        "--target",
        "diagnosis",
        "--cache-dir",
        tmp_path / "cache",
    )
    assert ended.code == 2
    assert "100.0%" in ended.output
    assert f"got 0 of {len(tiny.rows)}" in ended.errors


def test_two_tables_are_joined(tiny, end_to_end, tmp_path):
    rows = tiny.rows
    rows.drop(columns="diagnosis").to_csv(tmp_path / "metadata.csv", index=False)
    rows[["image_id", "diagnosis"]].iloc[::-1].to_csv(tmp_path / "truth.csv", index=False)
    common = ["check", "--images", tiny.images, "--target", "diagnosis", "--positive", "melanoma,carcinoma"]
    common += ["--cache-dir", tiny.workspace.cache, "--data", tmp_path / "metadata.csv", "--data"]
    ended = end_to_end.command(*common, tmp_path / "truth.csv")
    assert ended.code == 0, ended.errors
    assert "truth.csv was joined to metadata.csv by column 'image_id' and adds diagnosis" in ended.output
    assert "lesion_id" in ended.output
    rows[["diagnosis"]].to_csv(tmp_path / "bare.csv", index=False)
    refused = end_to_end.command(*common, tmp_path / "bare.csv")
    assert refused.code == 2
    assert "expected a column of ids that stands in both" in refused.errors


def test_what_a_search_would_refuse_is_said(tiny, end_to_end, tmp_path):
    rows = tiny.rows
    few = rows.assign(diagnosis=["nevus" if row else "melanoma" for row in range(len(rows))])
    few.to_csv(tmp_path / "few.csv", index=False)
    ended = end_to_end.command(
        *("check", "--data", tmp_path / "few.csv", "--images", tiny.images, "--target", "diagnosis"),
        *("--positive", "melanoma", "--cache-dir", tiny.workspace.cache),
    )
    assert ended.code == 0, ended.errors
    assert "A search would refuse this: expected at least" in ended.output
