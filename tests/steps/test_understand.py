import pandas as pd
import pytest

from automl_skin.errors import InputError, LeakageError, TableError
from automl_skin.steps import understand as module
from automl_skin.steps.understand import decide, require_images, understand
from automl_skin.study.study import settings_of


@pytest.fixture
def look(tiny, tmp_path):
    """Understand some rows."""

    def run(rows, **settings):
        rows.to_csv(tmp_path / "table.csv", index=False)
        given = {
            "data": str(tmp_path / "table.csv"),
            "images": str(tiny.images),
            "target": "diagnosis",
            "positive": ["melanoma", "carcinoma"],
            **settings,
        }
        run.config = settings_of({}, given, "the test")
        return understand(run.config, tiny.workspace.cache, lambda what: lambda done, total: None)

    return run


def test_what_was_understood_is_told(tiny, look):
    seen = look(tiny.rows)
    text = "\n".join(seen.lines)
    assert "image_id" in text
    assert "melanoma" in text
    assert len(seen.readable) == len(tiny.rows)
    assert seen.split is None


def test_labels_of_their_own_and_pairs_of_photographs(tiny, look, tmp_path):
    rows = tiny.rows.drop_duplicates("lesion_id").head(60).reset_index(drop=True)
    lesions = [f"L{number // 2}" for number in range(60)]
    kinds = ["clinical: close-up", "dermoscopic"] * 30
    scale = [f"0.{number:02d}" for number in range(10, 70)]
    pairs = rows[["image_id", "age"]].assign(
        lesion_id=lesions, image_type=kinds, scale=scale, age=[str(40 + number // 2) for number in range(60)]
    )
    truth = pd.DataFrame({"lesion_id": lesions[::2], "MEL": ["1", "0", "0"] * 10, "NV": ["0", "1", "1"] * 10})
    truth.to_csv(tmp_path / "truth.csv", index=False)
    seen = look(pairs, labels=str(tmp_path / "truth.csv"), target="", positive=["MEL"])
    assert seen.joined[0].startswith("truth.csv was joined to table.csv by column 'lesion_id'")
    assert seen.manifest.cases["label"].tolist() == [1, 0, 0] * 10
    assert list(seen.manifest.kinds) == ["age", "scale@clinical-close-up", "scale@dermoscopic"]
    development = seen.manifest.cases.index[:20]
    decided = decide(seen, look.config, development)
    assert decided.manifest.target.positive == ("MEL",)
    assert list(decided.manifest.kinds) == list(seen.manifest.kinds)
    kept_away = look(
        pairs, labels=str(tmp_path / "truth.csv"), target="", positive=["MEL"], quarantine=["scale"]
    )
    assert list(kept_away.manifest.kinds) == ["age"]


def test_some_missing_images_are_allowed_and_many_are_not(tiny, look):
    n = len(tiny.rows)
    few = look(tiny.rows.assign(image_id=["gone0", *tiny.rows["image_id"][1:]]))
    require_images(few, allow_missing=False)
    many = look(
        tiny.rows.assign(
            image_id=[f"gone{k}" if k < n // 10 else v for k, v in enumerate(tiny.rows["image_id"])]
        )
    )
    with pytest.raises(InputError, match=f"got none for {n // 10} of {n}.*--allow-missing"):
        require_images(many, allow_missing=False)
    require_images(many, allow_missing=True)


def test_no_image_at_all_is_refused(tiny, look):
    rows = tiny.rows.assign(image_id=[f"gone{k}" for k in range(len(tiny.rows))])
    with pytest.raises(TableError, match="check --images and the image column"):
        look(rows)
    with pytest.raises(InputError, match="at least one readable image"):
        require_images(look(rows, allow_missing=True), allow_missing=True)


def test_split_as_a_column_is_no_metadata(tiny, look):
    sides = ["test" if int(name[-2:]) % 4 == 0 else "train" for name in tiny.rows["patient_id"]]
    seen = look(tiny.rows.assign(part=sides), split="part")
    assert seen.split.tolist() == sides
    assert "part" not in seen.manifest.kinds


def test_split_as_a_table_with_numeric_ids(tiny, look, tmp_path, monkeypatch):
    folder = tmp_path / "images"
    folder.mkdir()
    rows = tiny.rows.head(40)
    numbers = [str(1000 + k) for k in range(len(rows))]
    for number, name in zip(numbers, rows["image_id"], strict=True):
        (folder / f"{number}.jpg").write_bytes((tiny.images / f"{name}.jpg").read_bytes())
    rows = rows.assign(image_id=numbers)
    split = tmp_path / "split.csv"
    rows[["image_id"]].assign(fold=[k % 3 for k in range(len(rows))]).to_csv(split, index=False)
    seen = look(rows, images=str(folder), split=str(split))
    assert [int(value) for value in seen.split] == [k % 3 for k in range(len(rows))]
    as_column = look(rows.assign(fold=[k % 3 for k in range(len(rows))]), images=str(folder), split="fold")
    assert as_column.split.tolist() == seen.split.tolist()


def test_ids_of_a_split_are_text(tiny, look, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    rows = tiny.rows.head(40)
    ids = [f"1.{k}" for k in range(1, len(rows) + 1)]  # 1.1 and 1.10 among them
    for new, old in zip(ids, rows["image_id"], strict=True):
        (folder / f"{new}.jpg").write_bytes((tiny.images / f"{old}.jpg").read_bytes())
    folds = [k % 3 for k in range(len(rows))]
    split = tmp_path / "split.csv"
    pd.DataFrame({"image_id": ids, "fold": folds}).to_csv(split, index=False)
    seen = look(rows.assign(image_id=ids), images=str(folder), split=str(split))
    assert [int(value) for value in seen.split] == folds


def test_a_table_of_a_european_spreadsheet_is_the_same_table(tiny, look, tmp_path):
    rows = tiny.rows.assign(size=[f"{5 + k % 7}.{k % 10}" for k in range(len(tiny.rows))])
    points = look(rows)
    rows = rows.assign(size=rows["size"].str.replace(".", ","))
    (tmp_path / "commas.csv").write_text(rows.to_csv(index=False, sep=";"), encoding="utf-8")
    commas = look(rows, data=str(tmp_path / "commas.csv"))
    pd.testing.assert_frame_equal(commas.manifest.metadata, points.manifest.metadata)
    assert commas.manifest.kinds["size"] == "number"
    assert commas.audit.quarantined == points.audit.quarantined


def test_split_that_is_neither_is_refused(tiny, look):
    with pytest.raises(TableError, match="--split: expected a column of the table"):
        look(tiny.rows, split="nowhere")


def test_split_without_some_cases_is_refused(tiny, look):
    sides = ["", *["train", "test"] * ((len(tiny.rows) - 1) // 2), "test"][: len(tiny.rows)]
    with pytest.raises(TableError, match="a value in the split for every case, got none for 1"):
        look(tiny.rows.assign(part=sides), split="part")


def test_split_that_tears_a_case_is_refused(tiny, look):
    rows = tiny.rows.assign(
        case_id=tiny.rows["lesion_id"], part=[("train", "test")[k % 2] for k in range(len(tiny.rows))]
    )
    with pytest.raises(LeakageError, match="expected the images of a case on one side of the split"):
        look(rows, split="part")


def test_images_of_one_lesion_are_not_compared(tiny, look, monkeypatch):
    given = {}
    find = module.find_duplicates
    monkeypatch.setattr(
        module, "find_duplicates", lambda *args, **options: given.update(options) or find(*args, **options)
    )
    look(tiny.rows)
    assert given["skip_within"] == list(tiny.rows["lesion_id"])
