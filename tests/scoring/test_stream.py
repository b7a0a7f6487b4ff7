import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from automl_skin.errors import ConfigError, StorageError, TableError
from automl_skin.export.predictor import Predictor
from automl_skin.scoring import parts, stream
from automl_skin.scoring.decide import ScoringOptions, operating_point
from automl_skin.scoring.scores_file import read_scores
from automl_skin.scoring.stream import Job, score_table

WANTED = ScoringOptions()

KILLED = """
import os, signal, sys
from pathlib import Path
from automl_skin.export.predictor import Predictor
from automl_skin.scoring import stream
from automl_skin.scoring.decide import ScoringOptions
bundle, table, images, output = map(Path, sys.argv[1:])
stream.ROWS = 24
score_rows, calls = stream.score_rows, []
def dies_in_the_third_part(*arguments):
    scores = score_rows(*arguments)
    calls.append(1)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return scores
stream.score_rows = dies_in_the_third_part
stream.score_table(stream.Job(bundle, (table,), images, output, ScoringOptions()), Predictor.load(bundle))
"""


@pytest.fixture(scope="module")
def predictor(tiny):
    return Predictor.load(tiny.bundle)


@pytest.fixture
def run(tiny, predictor, end_to_end, tmp_path):
    """Score a table (as rows, or as a file) and return the scores."""

    def score(rows=None, name="scores.csv", progress=None, wanted=WANTED, **options):
        tables = ()
        if rows is not None:
            tables = (tmp_path / "table.csv",)
            rows.to_csv(tables[0], index=False)
        job = Job(
            tiny.bundle,
            options.get("data", tables),
            options.get("images", tiny.images),
            tmp_path / name,
            wanted,
            options.get("roles", {}),
        )
        score.summary = score_table(job, predictor, progress)
        return None if name.endswith(".parquet") else end_to_end.read_scores(job.output)

    return score


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(stream, "ROWS", 24)


def test_every_row_comes_back_in_order(tiny, run):
    scores = run(tiny.rows)
    assert list(scores["image_id"]) == list(tiny.rows["image_id"])
    assert scores["probability"].notna().all()
    assert (run.summary.rows, run.summary.unscored) == (len(scores), 0)


def test_parts_do_not_change_scores(tiny, run, monkeypatch, tmp_path):
    whole = run(tiny.rows)
    monkeypatch.setattr(stream, "ROWS", 24)
    divided = run(tiny.rows)
    assert list(divided.columns) == list(whole.columns)
    assert divided["probability"].to_numpy() == pytest.approx(whole["probability"].to_numpy(), abs=1e-3)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_shuffled_rows_and_columns_score_the_same(tiny, run):
    whole = run(tiny.rows).set_index("image_id")["probability"]
    order = np.random.default_rng(1).permutation(len(tiny.rows))
    shuffled = run(tiny.rows.iloc[order][tiny.rows.columns[::-1]])
    assert list(shuffled["image_id"]) == list(tiny.rows["image_id"].iloc[order])
    again = shuffled.set_index("image_id")["probability"].loc[whole.index]
    assert np.abs(again - whole).max() < 1e-3


def test_parquet_scores_like_csv(tiny, run, tmp_path):
    whole = run(tiny.rows)
    tiny.rows.to_parquet(tmp_path / "table.parquet")
    assert run(data=(tmp_path / "table.parquet",)).equals(whole)


def test_target_groups_and_metadata_may_be_absent(tiny, run):
    whole = run(tiny.rows)
    without_target = run(tiny.rows.drop(columns=["diagnosis", "patient_id", "lesion_id"]))
    assert without_target["probability"].equals(whole["probability"])
    without_age = run(tiny.rows.drop(columns="age"))
    assert without_age["flags"].str.contains("missing_age|no_metadata").all()
    assert without_age["probability"].notna().all()
    images_only = run(tiny.rows[["image_id"]])
    assert set(images_only["flags"]) == {"no_metadata"}
    assert images_only["probability"].notna().all()


def test_unseen_levels_and_impossible_numbers_are_scored(tiny, run):
    scores = run(tiny.rows.head(3).assign(site="the moon", sex="male", age=["1e9", "nan", "-4"]))
    assert scores["probability"].notna().all()
    assert list(scores["flags"]) == [
        "out_of_range_age;unseen_site",
        "missing_age;unseen_site",
        "out_of_range_age;unseen_site",
    ]
    assert run.summary.flags == {"unseen_site": 3, "out_of_range_age": 2, "missing_age": 1}


def test_folder_without_a_table(tiny, run):
    scores = run()
    assert list(scores["image"]) == sorted(path.name for path in tiny.images.iterdir())
    assert set(scores["flags"]) == {"no_metadata"}


def test_unreadable_images_are_kept_as_rows(tiny, run, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    names = tiny.rows["image_id"].head(5).tolist()
    for name in names:
        (folder / f"{name}.jpg").write_bytes((tiny.images / f"{name}.jpg").read_bytes())
    whole = (folder / f"{names[0]}.jpg").read_bytes()
    (folder / f"{names[0]}.jpg").write_bytes(whole[: len(whole) // 3])
    (folder / f"{names[1]}.jpg").write_text("this is text")
    (folder / f"{names[2]}.jpg").unlink()
    (folder / f"{names[3]}.jpg").write_bytes(b"")
    scores = run(tiny.rows.head(5), images=folder)
    assert scores["probability"].isna().tolist() == [True] * 4 + [False]
    assert scores["flags"].str.startswith("image_unreadable").tolist() == [True] * 4 + [False]
    assert scores["decision"].eq("").tolist() == [True] * 4 + [False]
    assert run.summary.unscored == 4
    assert [name.split(",")[0] for name in run.summary.problems] == ["row 1", "row 2", "row 3", "row 4"]


def test_a_link_out_of_the_folder_is_a_row_that_says_so(tiny, run, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    inside, outside = sorted(tiny.images.iterdir())[:2]
    (folder / inside.name).write_bytes(inside.read_bytes())
    (folder / outside.name).symlink_to(outside)
    scores = run(images=folder)
    assert scores["probability"].isna().tolist() == [False, True]
    assert "leads to" in next(iter(run.summary.problems.values()))


def test_an_id_column_is_not_called_like_a_column_of_the_scores(tiny, run):
    rows = tiny.rows.head(2).rename(columns={"image_id": "flags"})
    with pytest.raises(TableError, match="column 'flags': expected an id column whose name is no column"):
        run(rows, roles={"image": "flags"})


def test_cases_stand_anywhere_in_the_table(tiny, run, monkeypatch):
    monkeypatch.setattr(stream, "ROWS", 8)
    rows = tiny.rows.head(30)
    cases = rows.assign(case_id=[f"c{position % 15}" for position in range(30)])
    scores = run(cases, roles={"case": "case_id"})
    assert list(scores["case_id"]) == list(cases["case_id"])
    assert list(scores["image_id"]) == list(cases["image_id"])
    assert scores.groupby("case_id")["probability"].nunique().eq(1).all()


def test_duplicate_ids_all_come_back(tiny, run, small_parts):
    rows = pd.concat([tiny.rows.head(26), tiny.rows.head(3)], ignore_index=True)
    scores = run(rows)
    assert list(scores["image_id"]) == list(rows["image_id"])
    assert scores["probability"][26:].to_numpy() == pytest.approx(
        scores["probability"][:3].to_numpy(), abs=1e-3
    )


def test_bad_row_at_the_end_is_found_before_anything_is_scored(tiny, run, small_parts, tmp_path):
    rows = tiny.rows.assign(image_id=[*tiny.rows["image_id"][:-1], "../../etc/passwd"])
    with pytest.raises(TableError, match=f"lead out of it in row {len(rows)} "):
        run(rows)
    assert not list(tmp_path.glob("*.parts"))


def test_absent_id_column_is_an_error(tiny, run):
    with pytest.raises(TableError, match="expected a column with the ids or paths of the images"):
        run(tiny.rows[["age", "sex"]])


def test_empty_table_and_empty_folder_are_errors(tiny, run, tmp_path):
    with pytest.raises(TableError, match="expected at least one row, got none"):
        run(tiny.rows.head(0))
    (tmp_path / "empty").mkdir()
    with pytest.raises(TableError, match="expected at least one image, got none"):
        run(images=tmp_path / "empty")


def test_table_without_any_image_comes_back_unscored(tiny, run, tmp_path):
    (tmp_path / "empty").mkdir()
    scores = run(tiny.rows, images=tmp_path / "empty")
    assert scores["probability"].isna().all()
    assert run.summary.unscored == len(scores) == len(tiny.rows)


def test_output_that_cannot_be_written_is_refused_before_scoring(tiny, run, predictor, monkeypatch):
    monkeypatch.setattr(stream, "score_rows", lambda *_: pytest.fail("scored for nothing"))
    for name in ("table.csv/scores.csv", "."):
        with pytest.raises(StorageError, match=r"a part of the path is a file|\(a folder\)"):
            run(tiny.rows, name=name)


def test_full_disk_keeps_what_is_done(tiny, run, small_parts, monkeypatch, tmp_path):
    whole = run(tiny.rows)
    written = parts.atomic_write
    monkeypatch.setattr(parts, "atomic_write", _full_after(3, written))
    with pytest.raises(
        StorageError, match="the disk is full; free some space and give the same command again"
    ):
        run(tiny.rows)
    assert len(list(tmp_path.glob("scores.csv.parts/*.csv"))) == 3
    monkeypatch.setattr(parts, "atomic_write", written)
    assert run(tiny.rows).equals(whole)


def _full_after(n_files, written):
    calls = []

    def write(path):
        calls.append(path)
        if len(calls) > n_files:
            raise StorageError(
                f"cannot write {path}: the disk is full; free some space and give the same command again"
            )
        return written(path)

    return write


@pytest.mark.slow
def test_killed_run_goes_on_and_gives_the_same_file(tiny, run, small_parts, tmp_path, monkeypatch):
    whole = run(tiny.rows, name="whole.csv")
    tiny.rows.to_csv(tmp_path / "table.csv", index=False)
    arguments = [tiny.bundle, tmp_path / "table.csv", tiny.images, tmp_path / "scores.csv"]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "scores.csv").exists()
    assert len(list((tmp_path / "scores.csv.parts").glob("*.csv"))) == 2
    scored = []
    score_rows = stream.score_rows
    monkeypatch.setattr(stream, "score_rows", lambda *given: scored.append(given) or score_rows(*given))
    assert run(tiny.rows).equals(whole)
    assert len(scored) == -(-len(tiny.rows) // 24) - 2
    assert (tmp_path / "scores.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_parts_of_other_options_are_not_believed(tiny, run, small_parts, tmp_path, monkeypatch):
    rows = tiny.rows.head(30)
    plain = run(rows)
    monkeypatch.setattr(stream, "_finish", lambda *_, **__: pytest.fail("killed"))
    with pytest.raises(pytest.fail.Exception, match="killed"):
        run(rows)
    monkeypatch.undo()
    corrected = run(rows, wanted=ScoringOptions(prevalence=0.01))
    assert (corrected["probability"] < plain["probability"]).all()


def test_prevalence_changes_probabilities_and_no_decision(tiny, run):
    plain, rare = run(tiny.rows), run(tiny.rows, wanted=ScoringOptions(prevalence=0.01))
    assert (rare["probability"] < plain["probability"]).all()
    assert rare["probability"].rank().equals(plain["probability"].rank())
    assert rare["decision"].equals(plain["decision"])


def test_sensitivity_moves_the_decision(tiny, run, predictor):
    few, many = run(tiny.rows, wanted=ScoringOptions(0.5)), run(tiny.rows, wanted=ScoringOptions(0.99))
    threshold = operating_point(predictor.facts, 0.5).threshold
    positive = predictor.facts.classes[1]
    assert few["decision"].eq(positive).equals(few["probability"] >= threshold)
    assert many["decision"].eq(positive).sum() > few["decision"].eq(positive).sum()


def test_several_classes(tiny, multiclass_bundle, end_to_end, tmp_path):
    scores = end_to_end.score_file(multiclass_bundle, tiny.images, tmp_path / "scores.csv", tiny.table)
    classes = Predictor.load(multiclass_bundle).facts.classes
    names = [f"probability_{name}" for name in classes]
    assert list(scores.filter(regex="^probability")) == names
    assert scores[names].sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert set(scores["decision"]) <= set(classes)
    with pytest.raises(ConfigError, match="--prevalence: expected a bundle of a binary target"):
        end_to_end.score_file(multiclass_bundle, tiny.images, tmp_path / "no.csv", tiny.table, prevalence=0.1)


def test_progress_ends_at_the_number_of_rows(tiny, run, small_parts):
    told = []
    run(tiny.rows, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(tiny.rows),) * 2
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_folder_is_indexed_once_and_rows_are_read_in_parts(tiny, run, small_parts, monkeypatch):
    indexed, sizes = [], []
    index, score_rows = stream.index_images, stream.score_rows
    monkeypatch.setattr(stream, "index_images", lambda root: indexed.append(root) or index(root))
    monkeypatch.setattr(
        stream, "score_rows", lambda *given: sizes.append(len(given[1])) or score_rows(*given)
    )
    run(tiny.rows)
    assert len(indexed) == 1
    assert max(sizes) == 24
    assert sum(sizes) == len(tiny.rows)


@pytest.fixture
def killed_at_the_end(tiny, run, small_parts, monkeypatch, tmp_path):
    """Score 30 rows of a folder of their own up to the last step; gives folder, rows, and a count of later parts."""
    rows, folder, scored = tiny.rows.head(30), tmp_path / "images", []
    folder.mkdir()
    for name in rows["image_id"]:
        (folder / f"{name}.jpg").write_bytes((tiny.images / f"{name}.jpg").read_bytes())
    with monkeypatch.context() as patch:
        patch.setattr(stream, "_finish", lambda *_, **__: pytest.fail("killed"))
        with pytest.raises(pytest.fail.Exception, match="killed"):
            run(rows, images=folder)
    score_rows = stream.score_rows
    monkeypatch.setattr(stream, "score_rows", lambda *given: scored.append(given) or score_rows(*given))
    return folder, rows, scored


def test_nothing_is_scored_again_of_the_same_photographs(run, killed_at_the_end):
    folder, rows, scored = killed_at_the_end
    run(rows, images=folder)
    assert scored == []


def test_a_photograph_that_changed_is_scored_again(tiny, run, killed_at_the_end):
    folder, rows, scored = killed_at_the_end
    first, last = rows["image_id"].iloc[[0, -1]]
    (folder / f"{last}.jpg").write_bytes((folder / f"{first}.jpg").read_bytes())
    scores = run(rows, images=folder)
    assert len(scored) == 1  # of two parts
    fresh = run(rows, images=folder, name="fresh.csv")
    assert scores.equals(fresh)


def test_a_photograph_that_came_or_went_is_scored_again(run, killed_at_the_end):
    folder, rows, scored = killed_at_the_end
    (folder / f"{rows['image_id'].iloc[0]}.jpg").unlink()
    assert run(rows, images=folder)["probability"].isna().sum() == 1
    assert len(scored) == 1


def test_another_version_scores_all_again(run, killed_at_the_end, monkeypatch):
    folder, rows, scored = killed_at_the_end
    monkeypatch.setattr(stream, "__version__", "another")
    run(rows, images=folder)
    assert len(scored) == 2


def test_foreign_files_stay_as_they_are(tiny, run, tmp_path):
    table = tmp_path / "table.csv"
    tiny.rows.head(3).to_csv(table, index=False)
    with pytest.raises(StorageError, match="expected another file than --data"):
        run(data=(table,), name="table.csv")
    parts_folder = tmp_path / "scores.csv.parts"
    parts_folder.mkdir()
    (parts_folder / "thesis.txt").write_text("mine")
    with pytest.raises(StorageError, match=r"one that holds thesis.txt"):
        run(tiny.rows.head(3))
    assert (parts_folder / "thesis.txt").read_text() == "mine"


def test_parquet_holds_the_same_scores(tiny, predictor, run, tmp_path):
    rows = tiny.rows.head(5).assign(patient_id=["=a", "'b", "-c", "d", "1.10"])
    run(rows)
    by_csv = read_scores(tmp_path / "scores.csv")
    run(rows, name="scores.parquet")
    assert read_scores(tmp_path / "scores.parquet").equals(by_csv)
    assert list(by_csv["patient_id"]) == list(rows["patient_id"])


def test_rows_are_flagged_and_counted_alike_in_parts_and_alone(tiny, run, monkeypatch):
    row = tiny.rows.head(1)
    cells = [("male", "50"), ("MALE", "50.0"), ("M", "50"), ("male", "-999"), ("male", "fifty"), ("", "")]
    rows = pd.concat([row.assign(sex=sex, age=age, site="back") for sex, age in cells])
    whole = run(rows)
    assert list(whole["flags"]) == [
        "",
        "",
        "unseen_sex",
        "out_of_range_age",
        "unseen_age",
        "missing_age;missing_sex",
    ]
    assert whole["probability"][0] == whole["probability"][1]
    once = ("unseen_sex", "out_of_range_age", "unseen_age", "missing_age", "missing_sex")
    assert run.summary.flags == dict.fromkeys(once, 1)
    monkeypatch.setattr(stream, "ROWS", 1)
    alone = run(rows)
    assert alone.drop(columns="probability").equals(whole.drop(columns="probability"))
    assert alone["probability"].to_numpy() == pytest.approx(whole["probability"].to_numpy(), abs=1e-3)


def test_a_case_takes_the_first_value_that_the_model_knows(tiny, run):
    rows = tiny.rows.head(2).assign(case_id="a", age=["-999", "50"], sex=["M", "male"])
    known = run(rows.assign(age="50", sex="male"), roles={"case": "case_id"})
    given = run(rows, roles={"case": "case_id"})
    assert given.equals(known)
    strange = run(rows.assign(age="-999"), roles={"case": "case_id"})
    assert set(strange["flags"]) == {"out_of_range_age"}


def test_a_bundle_without_cases_takes_no_column_for_one(tiny, run):
    rows = tiny.rows.head(6)
    plain = run(rows)
    with_cases = run(rows.assign(case_id="a", view="dermoscopic"))
    assert with_cases.equals(plain)
    assert any("'case_id' is not used" in note for note in run.summary.notes)
