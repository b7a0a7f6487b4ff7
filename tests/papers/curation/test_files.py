import os
from pathlib import Path

import pandas as pd
import pytest

from automl_skin.errors import ConfigError, StorageError, TableError
from automl_skin.papers.curation.curate import SAME_BYTES
from automl_skin.papers.curation.files import curate_files
from automl_skin.papers.curation.rules import CurationJob
from automl_skin.steps.events import silent

PUBLISHED = Path(os.environ.get("AUTOML_SKIN_DATA", "/nowhere")) / "isic-dicm-17k"


@pytest.fixture
def job(tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    rows = []
    for number in range(1, 25):
        image = f"ISIC_{number:07d}"
        content = 7 if number == 9 else number  # 9 is a copy of 7
        (images / f"{image}.jpg").write_bytes(bytes([content]))
        rows.append(
            {
                "image": f"ISIC2019_{number:07d}_x.jpg",
                "isic_id": image,
                "benign_malignant": "malignant" if number % 2 else "benign",
                "sex": "" if number == 3 else "female",
                "age_approx": 10 + number,
                "anatom_site_general": "posterior torso",
            }
        )
    table = pd.DataFrame(rows)
    table[:16].to_csv(tmp_path / "train.csv", index=False)
    table[16:].to_csv(tmp_path / "valid.csv", index=False)
    return CurationJob(
        (tmp_path / "train.csv",), tmp_path / "out", images, held_out=(tmp_path / "valid.csv",)
    )


def test_a_folder_with_table_features_record_and_report_is_written(job):
    outcome = curate_files(job, silent)
    assert sorted(path.name for path in job.output.iterdir()) == [
        "curated.csv",
        "features.csv",
        "record.csv",
        "report.md",
    ]
    curated = pd.read_csv(job.output / "curated.csv")
    assert len(curated) == len(outcome.curated.ledger.table) == 22
    assert curated.groupby(["split", "melanoma"]).size().tolist() == [4, 4, 7, 7]
    assert (curated["anatom_site_general"] == "torso").all()
    assert pd.read_csv(job.output / "features.csv")["image"].tolist() == curated["isic_id"].tolist()
    record = pd.read_csv(job.output / "record.csv")
    copy = record[record["step"] == SAME_BYTES].iloc[0]
    assert (copy["image"], copy["why"]) == ("ISIC_0000009", "same bytes as train.csv, row 7")
    report = (job.output / "report.md").read_text()
    median = curated.loc[curated["split"] == "train", "age_approx"].median()
    assert f"sex female, age {median:g}, site unknown; taken on 14 training rows" in report


def test_the_same_files_give_the_same_table(job, tmp_path):
    curate_files(job, silent)
    again = CurationJob(job.data, tmp_path / "again", job.images, job.held_out)
    curate_files(again, silent)
    for name in ("curated.csv", "features.csv", "record.csv", "report.md"):
        assert (job.output / name).read_bytes() == (again.output / name).read_bytes()


def test_a_column_may_hold_the_split(job, tmp_path):
    table = pd.read_csv(job.data[0]).assign(part=["training"] * 8 + ["valid"] * 8)
    table.to_csv(tmp_path / "one.csv", index=False)
    outcome = curate_files(CurationJob((tmp_path / "one.csv",), job.output, split="part"), silent)
    assert outcome.curated.ledger.table["split"].value_counts().to_dict() == {"train": 8, "test": 8}
    table.assign(part="later").to_csv(tmp_path / "strange.csv", index=False)
    with pytest.raises(TableError, match=r"got 16 others \(first strange.csv, row 1: 'later'\)"):
        curate_files(CurationJob((tmp_path / "strange.csv",), job.output, split="part"), silent)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"split": "part"}, "--held-out and --split"),
        ({"images": None, "only_with_image": True}, "--only-with-image needs"),
        ({"against": (Path("x") / "train.csv",)}, "different file names"),
    ],
)
def test_a_job_that_contradicts_itself_is_refused(job, change, match):
    from dataclasses import replace

    with pytest.raises(ConfigError, match=match):
        replace(job, **change)


def test_nothing_is_written_where_the_output_is_a_file_or_the_table_has_no_image_column(job, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="--output: expected a folder"):
        curate_files(CurationJob(job.data, tmp_path / "file"), silent)
    (tmp_path / "strange.csv").write_text("a,b\n1,2\n")
    with pytest.raises(TableError, match="give --image-column"):
        curate_files(CurationJob((tmp_path / "strange.csv",), job.output), silent)
    assert not job.output.exists()


@pytest.mark.real
@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published tables of ISIC-DICM-17K are not here")
def test_the_published_tables_have_the_papers_counts(tmp_path):
    job = CurationJob(
        (PUBLISHED / "train-set-metadata.csv",),
        tmp_path,
        held_out=(PUBLISHED / "valid-set-metadata.csv",),
    )
    outcome = curate_files(job, silent)
    found = {one.what: one for one in outcome.comparisons}
    agreeing = [name for name in found if "balanced" in name or "ISIC-DICM" in name or "class" in name]
    assert len(agreeing) == 7
    assert {found[name].verdict for name in agreeing} == {"agrees"}
    assert found["table 3, malignant"].ours + found["table 3, indeterminate/malignant"].ours == 3_625
