import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from automl_skin.errors import ConfigError, StorageError, TableError
from automl_skin.export.predictor import Predictor
from automl_skin.scoring import stream
from automl_skin.scoring.decide import Wishes, operating_point
from automl_skin.scoring.stream import Job, score_table

WISHES = Wishes()

KILLED = """
import os, signal, sys
from pathlib import Path
from automl_skin.export.predictor import Predictor
from automl_skin.scoring import stream
from automl_skin.scoring.decide import Wishes
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
stream.score_table(stream.Job(bundle, table, images, output, Wishes()), Predictor.load(bundle))
"""


@pytest.fixture(scope="module")
def predictor(tiny):
    return Predictor.load(tiny.bundle)


@pytest.fixture
def run(tiny, predictor, end_to_end, tmp_path):
    """Score a table (as rows, or as a file) and return the scores."""

    def score(rows=None, name="scores.csv", progress=None, wishes=WISHES, **options):
        table = None
        if rows is not None:
            table = tmp_path / "table.csv"
            rows.to_csv(table, index=False)
        job = Job(
            tiny.bundle,
            options.get("data", table),
            options.get("images", tiny.images),
            tmp_path / name,
            wishes,
            options.get("roles", {}),
        )
        score.summary = score_table(job, predictor, progress)
        return end_to_end.read_scores(job.output)

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
    parts = run(tiny.rows)
    assert list(parts.columns) == list(whole.columns)
    assert parts["probability"].to_numpy() == pytest.approx(whole["probability"].to_numpy(), abs=1e-3)
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
    assert run(data=tmp_path / "table.parquet").equals(whole)


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
    scores = run(tiny.rows.head(3).assign(site="the moon", age=["1e9", "nan", "-4"]))
    assert scores["probability"].notna().all()
    assert scores["flags"].str.contains("missing_age").all()


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


def test_cases_stand_anywhere_in_the_table(tiny, run, monkeypatch):
    monkeypatch.setattr(stream, "ROWS", 8)
    rows = tiny.rows.head(30)
    cases = rows.assign(case_id=[f"c{position % 15}" for position in range(30)])
    scores = run(cases)
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
    with pytest.raises(TableError, match=f"row {len(rows)} lead out of it"):
        run(rows)
    assert not list(tmp_path.glob("*.parts"))


def test_absent_id_column_is_an_error(tiny, run):
    with pytest.raises(TableError, match="one column must hold the ids or paths of the images"):
        run(tiny.rows[["age", "sex"]])


def test_empty_table_and_empty_folder_are_errors(tiny, run, tmp_path):
    with pytest.raises(TableError, match="must hold at least one row and holds none"):
        run(tiny.rows.head(0))
    (tmp_path / "empty").mkdir()
    with pytest.raises(TableError, match="must hold an image and holds none"):
        run(images=tmp_path / "empty")


def test_table_without_any_image_comes_back_unscored(tiny, run, tmp_path):
    (tmp_path / "empty").mkdir()
    scores = run(tiny.rows, images=tmp_path / "empty")
    assert scores["probability"].isna().all()
    assert run.summary.unscored == len(scores) == len(tiny.rows)


def test_output_that_cannot_be_written_is_refused_before_scoring(tiny, run, predictor, monkeypatch):
    monkeypatch.setattr(stream, "score_rows", lambda *_: pytest.fail("scored for nothing"))
    for name in ("table.csv/scores.csv", "."):
        with pytest.raises(StorageError, match=r"a part of the path is a file|is a folder"):
            run(tiny.rows, name=name)


def test_full_disk_keeps_what_is_done(tiny, run, small_parts, monkeypatch, tmp_path):
    whole = run(tiny.rows)
    written = stream.atomic_write
    monkeypatch.setattr(stream, "atomic_write", _full_after(3, written))
    with pytest.raises(
        StorageError, match="the disk is full; free some space and give the same command again"
    ):
        run(tiny.rows)
    assert len(list(tmp_path.glob("scores.csv.parts/*.csv"))) == 3
    monkeypatch.setattr(stream, "atomic_write", written)
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


def test_parts_of_other_wishes_are_not_believed(tiny, run, small_parts, tmp_path, monkeypatch):
    rows = tiny.rows.head(30)
    plain = run(rows)
    monkeypatch.setattr(stream, "_finish", lambda *_, **__: pytest.fail("killed"))
    with pytest.raises(pytest.fail.Exception, match="killed"):
        run(rows)
    monkeypatch.undo()
    corrected = run(rows, wishes=Wishes(prevalence=0.01))
    assert (corrected["probability"] < plain["probability"]).all()


def test_prevalence_changes_probabilities_and_no_decision(tiny, run):
    plain, rare = run(tiny.rows), run(tiny.rows, wishes=Wishes(prevalence=0.01))
    assert (rare["probability"] < plain["probability"]).all()
    assert rare["probability"].rank().equals(plain["probability"].rank())
    assert rare["decision"].equals(plain["decision"])


def test_sensitivity_moves_the_decision(tiny, run, predictor):
    few, many = run(tiny.rows, wishes=Wishes(0.5)), run(tiny.rows, wishes=Wishes(0.99))
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
    with pytest.raises(ConfigError, match="--prevalence is of binary targets"):
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
