import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_skin.data.manifest import Manifest, ManifestOptions, build_manifest
from automl_skin.data.record import read_labels, write_labels
from automl_skin.data.table import read_table
from automl_skin.errors import TableError

HAM = ManifestOptions(target="dx", positive=("mel",), group=("lesion_id",))


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(8):
        (folder / f"ISIC_{number}.jpg").write_bytes(b"")
    return folder


@pytest.fixture
def ham():
    return pd.DataFrame(
        {
            "lesion_id": ["H1", "H1", "H2", "unknown", None, "H3"],
            "image_id": [f"ISIC_{row}" for row in range(6)],
            "dx": ["mel", "mel", "nv", "nv", "bkl", "nv"],
            "dx_type": ["histo", "histo", "follow_up", "follow_up", "histo", "follow_up"],
            "age": [50.0, 50.0, np.nan, 1e9, 20.0, 30.0],
            "sex": ["male", "male", "female", "unknown", "male", "female"],
            "localization": ["back", "back", "face", "face", "back", "unknown"],
        }
    )


def test_ham10000(ham, images):
    manifest = build_manifest(ham, images, HAM)
    assert manifest.roles.table == "HAM10000"
    assert manifest.cases["label"].tolist() == [1, 1, 0, 0, 0, 0]
    assert list(manifest.cases.columns) == ["label", "diagnosis", "patient", "lesion", "source"]
    assert manifest.cases["patient"].isna().all()
    assert manifest.kinds == {"age": "number", "sex": "category", "localization": "category"}
    assert manifest.images["path"].tolist() == [f"ISIC_{row}.jpg" for row in range(6)]
    assert manifest.roles.ignored == ("dx_type",)
    assert manifest.others["dx_type"].tolist() == ham["dx_type"].tolist()
    said = {finding.column: finding.text for finding in manifest.findings}
    assert list(said) == ["lesion_id", "age", "sex", "localization"]
    assert said["sex"] == "taken as missing: 'unknown' in 1 row"
    assert manifest.metadata["age"].isna().sum() == 2


def test_a_missing_id_is_nobody(ham, images):
    cases = build_manifest(ham, images, HAM).cases
    assert cases["lesion"].isna().tolist() == [False, False, False, True, True, False]


def test_a_table_to_be_scored_needs_no_target(ham, images):
    kinds = {"sex": "category", "age": "number", "smoke": "category"}
    table = ham[["image_id", "age", "sex"]].iloc[:1]
    manifest = build_manifest(table, images, ManifestOptions(kinds=kinds))
    assert manifest.target is None
    assert manifest.cases["label"].tolist() == [-1]
    assert manifest.cases["diagnosis"].isna().all()
    assert manifest.metadata.columns.tolist() == ["sex", "age", "smoke"]
    assert manifest.metadata["smoke"].isna().all()
    assert manifest.findings[-1].column == "smoke"


def test_missing_images_stay_and_are_said(ham, images):
    (images / "ISIC_2.jpg").unlink()
    manifest = build_manifest(ham, images, HAM)
    assert manifest.images["status"].tolist()[2] == "missing"
    assert manifest.images["path"].isna().tolist() == [False, False, True, False, False, False]
    assert len(manifest.cases) == 6
    assert any("1 of 6 images (16.7%)" in finding.text for finding in manifest.findings)


def test_no_image_at_all_is_an_error_unless_allowed(ham, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "photo.jpg").write_bytes(b"")
    with pytest.raises(
        TableError, match=r"got none of 6: .* ISIC_0, ISIC_1, ISIC_2, .* 1 images \(photo\.jpg\)"
    ):
        build_manifest(ham, tmp_path / "other", HAM)
    allowed = ManifestOptions(target="dx", allow_missing=True)
    assert build_manifest(ham, tmp_path / "other", allowed).images["path"].isna().all()


def test_rows_without_a_diagnosis_are_left_out_and_said(ham, images):
    ham.loc[2, "dx"] = "unknown"
    manifest = build_manifest(ham, images, HAM)
    assert "ISIC_2" not in manifest.cases.index
    assert len(manifest.images) == 5
    assert any("1 rows have no diagnosis" in finding.text for finding in manifest.findings)
    assert any(finding.text == "taken as missing: 'unknown' in 1 row" for finding in manifest.findings)
    with pytest.raises(TableError, match="got an empty column"):
        build_manifest(ham.assign(dx=None), images, HAM)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda t: t.iloc[:0], "at least one row"),
        (lambda t: t.assign(dx="mel"), "at least two values"),
        (lambda t: pd.concat([t, t.iloc[[1]]]), "'ISIC_1' in rows 2, 7"),
        (lambda t: t.assign(image_id=["../x", *t["image_id"][1:]]), "paths that lead out of it in row 1"),
        (lambda t: t.assign(image_id=["ISIC_1.jpg", *t["image_id"][1:]]), "'ISIC_1.jpg' in rows 1, 2"),
        (lambda t: t.assign(image_id=["", *t["image_id"][1:]]), "got none in row 1"),
        (lambda t: t.drop(columns="dx"), r"expected a column of the table \(lesion_id, image_id"),
    ],
)
def test_tables_that_cannot_be_used(ham, images, change, match):
    with pytest.raises(TableError, match=match):
        build_manifest(change(ham), images, HAM)


def test_a_case_with_several_images(images):
    table = pd.DataFrame(
        {
            "case": ["b", "a", "b", "a"],
            "view": ["dermoscopic", "close-up", "close-up", None],
            "image": ["ISIC_0", "ISIC_1", "ISIC_2", "ISIC_3"],
            "y": [1, 0, 1, 0],
            "patient": ["p", "q", None, "q"],
            "age": [None, 30.0, 40.0, 31.0],
        }
    )
    manifest = build_manifest(table, images, ManifestOptions(target="y"))
    assert manifest.cases.index.tolist() == ["b", "a"]
    assert manifest.images["case"].tolist() == ["b", "b", "a", "a"]
    assert manifest.images["role"].tolist() == ["dermoscopic", "close-up", "close-up", "image"]
    assert manifest.metadata["age"].tolist() == [40, 30]
    assert manifest.cases["patient"].tolist() == ["p", "q"]
    assert [finding.column for finding in manifest.findings] == ["age"]
    with pytest.raises(TableError, match="'b' has '1', '0'"):
        build_manifest(table.assign(y=[1, 0, 0, 0]), images, ManifestOptions(target="y"))


def test_a_group_column_of_the_user(ham, images):
    options = ManifestOptions(target="dx", group=("family", "lesion_id"))
    manifest = build_manifest(ham.assign(family=list("aabbcc")), images, options)
    assert manifest.cases["group_family"].tolist() == list("aabbcc")
    assert "family" not in manifest.kinds


def test_isic_2019_truth_becomes_a_diagnosis(images):
    truth = {name: [0.0, 0.0, 0.0] for name in ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK")}
    table = pd.DataFrame({"image": ["ISIC_0", "ISIC_1", "ISIC_2"], **truth, "age_approx": [5.0, 6.0, 7.0]})
    table["anatom_site_general"] = ["a", "b", "a"]
    for row, name in enumerate(("MEL", "NV", "SCC")):
        table.loc[row, name] = 1.0
    manifest = build_manifest(table, images, ManifestOptions(target="diagnosis"))
    assert manifest.target.classes == ("MEL", "NV", "SCC")
    assert manifest.kinds == {"age_approx": "number", "anatom_site_general": "category"}
    single = build_manifest(table, images, ManifestOptions(target="MEL", positive=("1",)))
    assert single.cases["label"].tolist() == [1, 0, 0]
    assert set(single.kinds) == {"age_approx", "anatom_site_general"}


def test_pad_ufes_20(images):
    table = pd.DataFrame(
        {
            "patient_id": ["PAT_1", "PAT_1", "PAT_2"],
            "lesion_id": [881.0, 882.0, 9.0],
            "smoke": ["True", None, "False"],
            "age": [55.0, 55.0, 80.0],
            "gender": ["MALE", "MALE", "FEMALE"],
            "fitspatrick": [3.0, 3.0, None],
            "diagnostic": ["BCC", "NEV", "MEL"],
            "itch": ["True", "UNK", "False"],
            "img_id": ["ISIC_0.png", "ISIC_1.png", "ISIC_2.png"],
            "biopsed": ["True", "False", "True"],
        }
    )
    manifest = build_manifest(table, images, ManifestOptions("diagnostic", ("BCC", "MEL")))
    assert manifest.roles.table == "PAD-UFES-20"
    assert manifest.cases["lesion"].tolist() == ["881", "882", "9"]
    assert manifest.metadata["itch"].isna().tolist() == [False, True, False]
    assert "biopsed" in manifest.roles.ignored
    assert manifest.kinds["age"] == "number"


def test_written_without_labels_and_read(ham, images, tmp_path):
    (images / "ISIC_2.jpg").unlink()
    manifest = build_manifest(ham, images, HAM)
    manifest.write(tmp_path / "m")
    for file in (tmp_path / "m").iterdir():
        assert b"follow_up" not in file.read_bytes()
    stored = pd.read_parquet(tmp_path / "m" / "cases.parquet")
    assert list(stored.columns) == ["patient", "lesion", "source"]
    read = Manifest.read(tmp_path / "m")
    assert (read.roles, read.target, read.kinds, read.findings) == (
        *(manifest.roles, manifest.target, manifest.kinds, manifest.findings),
    )
    pd.testing.assert_frame_equal(read.images, manifest.images)
    pd.testing.assert_frame_equal(read.metadata, manifest.metadata)
    assert (read.cases["label"] == -1).all()


def test_codes_for_missing_are_kept_with_the_manifest(ham, images, tmp_path):
    ham["size_mm"] = [4.0, 5.0, -999.0, 3.0, 2.5, 7.0]
    options = ManifestOptions(target="dx", positive=("mel",), metadata=("size_mm",))
    manifest = build_manifest(ham, images, options)
    manifest.write(tmp_path / "m")
    codes = Manifest.read(tmp_path / "m").codes
    assert codes == manifest.codes == {"size_mm": (-999.0,)}
    assert manifest.metadata["size_mm"].isna().tolist() == [False, False, True, False, False, False]
    one = ham.iloc[[2]].drop(columns="dx")
    options = ManifestOptions(kinds=manifest.kinds, codes=codes)
    assert build_manifest(one, images, options).metadata["size_mm"].isna().all()


def test_a_case_id_that_is_partly_empty_is_none_and_said(ham, images):
    ham["case_id"] = ["a", "a", "b", None, None, "c"]
    manifest = build_manifest(ham.drop(columns="lesion_id"), images, ManifestOptions("dx", ("mel",)))
    assert manifest.roles.case is None
    assert len(manifest.cases) == 6
    assert "case_id" in manifest.roles.ignored
    assert any("it is empty in rows 4, 5" in finding.text for finding in manifest.findings)


def test_labels_of_a_part_come_back(ham, images, tmp_path):
    manifest = build_manifest(ham, images, HAM)
    manifest.write(tmp_path / "m")
    part = ["ISIC_0", "ISIC_2"]
    write_labels(tmp_path / "part.parquet", manifest.label_table(part))
    read = Manifest.read(tmp_path / "m").with_labels(read_labels(tmp_path / "part.parquet"))
    assert read.cases["label"].tolist() == [1, -1, 0, -1, -1, -1]
    assert read.cases["diagnosis"].notna().sum() == 2
    whole = Manifest.read(tmp_path / "m").with_labels(manifest.label_table())
    pd.testing.assert_frame_equal(whole.cases, manifest.cases)
    pd.testing.assert_frame_equal(whole.others, manifest.others)


def test_select_keeps_the_order_asked_for(ham, images):
    part = build_manifest(ham, images, HAM).select(["ISIC_4", "ISIC_1"])
    assert part.cases.index.tolist() == part.metadata.index.tolist() == ["ISIC_4", "ISIC_1"]
    assert part.images["case"].tolist() == part.others.index.tolist() == ["ISIC_4", "ISIC_1"]


def test_quarantined_columns_move_to_the_others(ham, images):
    manifest = build_manifest(ham, images, HAM).without_metadata({"sex": "all alike", "dx_type": "a leak"})
    assert list(manifest.metadata) == list(manifest.kinds) == ["age", "localization"]
    assert manifest.roles.ignored == ("dx_type", "sex")
    assert list(manifest.others) == ["dx_type", "sex"]
    assert manifest.roles.reasons["sex"] == "quarantined: all alike"
    assert "known only with the diagnosis" in manifest.roles.reasons["dx_type"], "its name decided before"


@pytest.mark.parametrize("target", ["dx", "is_mel"])
def test_a_truth_beside_the_target_is_kept_from_the_model(ham, images, target):
    one_hot = {f"is_{dx}": (ham["dx"] == dx).astype(int) for dx in ("mel", "nv", "bkl")}
    male = pd.Series([0, 1, 0, 1, 0, 1])
    options = ManifestOptions(target=target, positive=("mel",) if target == "dx" else ())
    manifest = build_manifest(ham.assign(**one_hot, male=male, female=1 - male), images, options)
    assert set(manifest.roles.truth) == {"is_mel", "is_nv", "is_bkl"} - {target}
    assert {"male", "female"} <= set(manifest.kinds)
    assert not set(one_hot) & set(manifest.kinds)
    assert "one of is_mel, is_nv, is_bkl is 1 in each row" in manifest.roles.reasons["is_nv"]
    asked = ManifestOptions(target=target, positive=options.positive, metadata=("age", "is_nv"))
    with pytest.raises(
        TableError,
        match="another role, got the target in one column per class",
    ):
        build_manifest(ham.assign(**one_hot), images, asked)


@pytest.mark.real
def test_the_real_ham10000():
    data = os.environ.get("AUTOML_SKIN_DATA")
    if not data:
        pytest.skip("AUTOML_SKIN_DATA does not say where HAM10000 is")
    folder = Path(data) / "ham10000"
    options = ManifestOptions("dx", ("mel", "bcc", "akiec"), ("lesion_id",))
    manifest = build_manifest(read_table(folder / "metadata.csv"), folder / "images", options)
    assert len(manifest.cases) == 10015
    assert manifest.cases["label"].sum() == 1954
    assert manifest.cases["lesion"].nunique() == 7470
    assert manifest.metadata.isna().sum().to_dict() == {"age": 57, "sex": 57, "localization": 234}
    assert {finding.column: finding.text for finding in manifest.findings} == {
        "sex": "taken as missing: 'unknown' in 57 rows",
        "localization": "taken as missing: 'unknown' in 234 rows",
    }


def test_ids_of_every_role_are_text(tmp_path):
    ids = ["1.1", "1.10", "5.0", "5", "1e3", "1000"]
    for name in ids:
        (tmp_path / f"{name}.jpg").touch()
    roles = ("image", "case", "patient", "lesion", "source", "ward")
    table = pd.DataFrame(dict.fromkeys(roles, ids) | {"dx": ["mel", "nv"] * 3})
    options = ManifestOptions(target="dx", positive=("mel",), group=("ward",))
    manifest = build_manifest(table, tmp_path, options)
    assert list(manifest.cases.index) == ids
    assert manifest.images["path"].tolist() == [f"{name}.jpg" for name in ids]
    for name in ("patient", "lesion", "source", "group_ward"):
        assert manifest.cases[name].tolist() == ids


def test_words_in_place_of_ids_are_said_and_join_nothing(tmp_path):
    for name in "abcd":
        (tmp_path / f"{name}.jpg").touch()
    table = pd.DataFrame(
        {"image": list("abcd"), "dx": ["mel", "nv"] * 2, "patient": ["unknown", "NA", "p", None]}
    )
    manifest = build_manifest(table, tmp_path, ManifestOptions(target="dx", positive=("mel",)))
    assert manifest.cases["patient"].isna().tolist() == [True, True, False, True]
    note = next(finding.text for finding in manifest.findings if finding.column == "patient")
    assert note == "2 rows have 'unknown', 'NA' instead of an id: they have no patient, and each stands alone"


@pytest.mark.parametrize("column", ["image", "case"])
def test_a_word_for_missing_is_no_id_of_a_photograph_or_case(tmp_path, column):
    (tmp_path / "NA.jpg").touch()
    table = pd.DataFrame({"image": ["NA.jpg", "b"], "case": ["x", "y"], "dx": ["mel", "nv"]})
    table.loc[0, column] = "NA"
    with pytest.raises(TableError, match=r"got none in row 1 \('NA' is a word for missing; rename the image"):
        build_manifest(table, tmp_path, ManifestOptions(target="dx", roles={column: column}))


def test_columns_are_judged_by_the_cases_that_decide(ham, images):
    """What the last two rows hold changes neither kinds, reasons, classes nor what stands in the other rows."""
    deciding = pd.Index(ham["image_id"][:4])
    plain = ham.assign(size=[1.5, 2.5, 3.5, 4.5, 5.5, 6.5], same="x", few=["a", "b", "a", "b", "a", "b"])
    strange = plain.assign(
        size=["1.50", "2.50", "3.50", "4.50", "large", "?"],
        same=["x"] * 4 + ["y", "z"],
        few=[*plain["few"][:4], None, None],
        dx=[*plain["dx"][:4], "wart", "wart"],
    )
    one, other = (
        build_manifest(
            table, images, ManifestOptions(target="dx", positive=(ham["dx"][0],), deciding=deciding)
        )
        for table in (plain, strange)
    )
    assert one.kinds == other.kinds
    assert one.roles == other.roles
    assert one.target == other.target
    assert "same" in one.roles.ignored
    pd.testing.assert_frame_equal(one.select(deciding).metadata, other.select(deciding).metadata)
    pd.testing.assert_frame_equal(one.select(deciding).label_table(), other.select(deciding).label_table())
    assert other.cases["diagnosis"].tolist()[4:] == ["wart", "wart"]
