import pandas as pd
import pytest

from automl_skin.data.describe import describe
from automl_skin.data.manifest import ManifestOptions, build_manifest


@pytest.fixture
def images(tmp_path):
    for number in range(3):
        (tmp_path / f"i{number}.jpg").write_bytes(b"")
    return tmp_path


TABLE = pd.DataFrame(
    {
        "image": ["i0", "i1", "i2", "i3"],
        "patient_id": ["p", "p", None, "q"],
        "dx": ["mel", "nv", "bcc", "nv"],
        "age": [50.0, 1e9, 40.0, 30.0],
        "sex": ["male", "female", None, "male"],
        "dx_type": ["a", "b", "a", "b"],
    }
)


def test_each_decision_has_a_line(images):
    text = "\n".join(describe(build_manifest(TABLE, images, ManifestOptions("dx", ("mel", "bcc")))))
    for part in (
        "4 cases, none of the known tables",
        f"3 of 4 found in {images}, by column 'image'",
        "'dx', positive is mel, bcc, as given by --positive (nv: 2, positive: 2)",
        "diagnoses: nv 2, mel 1, bcc 1",
        "Patient:  column 'patient_id', 2 different, 1 missing, kept together",
        "age (number, 30 to 50; 1 missing)",
        "sex (category: male, female; 1 missing)",
        "Ignored:  dx_type: its name says",
        "age: 1 impossible values taken as missing",
        "images: 1 of 4 images (25.0%) are not in the image folder: i3 (row 4)",
    ):
        assert part in text


def test_a_table_to_be_scored_without_anything_but_images(images):
    lines = describe(build_manifest(TABLE[["image"]], images, ManifestOptions()))
    text = "\n".join(lines)
    assert "none (a table to be scored)" in text
    assert "no patient or lesion column" in text
    assert "Metadata: none" in text


def test_kinds_of_photograph_are_counted_by_case(images):
    table = pd.DataFrame(
        {"case": ["a", "a", "b"], "image": ["i0", "i1", "i2"], "view": ["Near", "dermoscopic", "dermoscopic"]}
    )
    text = "\n".join(describe(build_manifest(table, images, ManifestOptions())))
    assert (
        "kinds of photograph by column 'view': dermoscopic of 2 cases, near of 1 cases, 2 cases in all"
        in text
    )


def test_each_reason_is_the_one_that_decided(images):
    table = TABLE.assign(
        image_id=["k", "l", "m", "n"],
        wanted_not=["a", "b", "a", "b"],
        part=["train", "test", "train", "test"],
        grade=["1", "2", "1", "3"],
    )
    options = ManifestOptions("dx", ("mel",), ignore=("wanted_not",), split="part", group=("image_id",))
    manifest = build_manifest(table, images, options).without_metadata({"grade": "found by the audit"})
    text = "\n".join(describe(manifest))
    for part in (
        "wanted_not: as given by --ignore",
        "part: the split, as given by --split",
        "grade: quarantined: found by the audit",
        "dx_type: its name says",
    ):
        assert part in text
    assert manifest.roles.reasons["image_id"] == "a group column, as given by --group"
    by_role = build_manifest(table, images, ManifestOptions("dx", ("mel",), roles={"case": "image_id"}))
    assert by_role.roles.reasons["image_id"] == "as given"
