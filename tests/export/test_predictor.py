import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from automl_skin.export import predictor as module
from automl_skin.export.predictor import CaseImage, Predictor

HERE_AND_THERE = """
import json, sys
from pathlib import Path
import pandas as pd
from automl_skin.export.predictor import CaseImage, Predictor
bundle, table, images = map(Path, sys.argv[1:])
rows = pd.read_csv(table, dtype="str").set_index("image_id")
photographs = [CaseImage(name, "image", name, (images / f"{name}.jpg").read_bytes()) for name in rows.index]
answer = Predictor.load(bundle).predict(rows, photographs).probabilities
heavy = [name for name in ("optuna", "mlflow", "typer", "matplotlib") if name in sys.modules]
print(json.dumps({"probabilities": answer.tolist(), "heavy": heavy}))
"""


@pytest.fixture(scope="module")
def predictor(tiny):
    return Predictor.load(tiny.bundle)


@pytest.fixture(scope="module")
def rows(tiny):
    return tiny.rows.set_index("image_id")


@pytest.fixture(scope="module")
def photographs(tiny, rows):
    return {
        name: CaseImage(name, "image", name, (tiny.images / f"{name}.jpg").read_bytes())
        for name in rows.index
    }


@pytest.fixture(scope="module")
def batch(predictor, rows, photographs):
    return predictor.predict(rows, list(photographs.values()))


def test_probabilities_are_probabilities(batch):
    assert np.isfinite(batch.probabilities).all()
    assert batch.probabilities.sum(axis=1) == pytest.approx(1.0)
    assert batch.probabilities[:, 1].std() > 0.01


def test_pixels_count(predictor, rows, photographs, batch):
    first, second = rows.index[:2]
    swapped = {
        **photographs,
        first: CaseImage(first, "image", first, photographs[second].content),
    }
    answer = predictor.predict(rows, swapped.values()).probabilities
    assert abs(answer[0, 1] - batch.probabilities[0, 1]) > 1e-3
    assert answer[1:] == pytest.approx(batch.probabilities[1:], abs=1e-6)


def test_one_row_alone_scores_like_in_a_batch(predictor, rows, photographs, batch):
    for position in range(0, len(rows), 9):
        name = rows.index[position]
        alone = predictor.predict(rows.loc[[name]], [photographs[name]]).probabilities[0]
        assert np.abs(alone - batch.probabilities[position]).max() < 1e-3


def test_order_does_not_count(predictor, rows, photographs, batch):
    order = np.random.default_rng(0).permutation(len(rows))
    answer = predictor.predict(rows.iloc[order], list(photographs.values())).probabilities
    assert np.abs(answer - batch.probabilities[order]).max() < 1e-3
    shuffled = [list(photographs.values())[position] for position in order]
    assert np.abs(predictor.predict(rows, shuffled).probabilities - batch.probabilities).max() < 1e-3


@pytest.mark.slow
def test_another_process_gives_the_same_and_imports_no_search(tiny, batch):
    arguments = [sys.executable, "-c", HERE_AND_THERE, tiny.bundle, tiny.table, tiny.images]
    answer = json.loads(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout)
    assert np.abs(np.array(answer["probabilities"]) - batch.probabilities).max() < 1e-3
    assert answer["heavy"] == []


def test_bundle_scores_by_the_chains_that_were_measured(tiny, predictor, rows, photographs):
    # of the locked cases, through pixels, against what was written when the test set was opened
    locked = pd.read_parquet(tiny.study.locked_predictions)
    some = rows.loc[locked.index]
    answer = predictor.predict(some, [photographs[name] for name in some.index]).probabilities
    assert answer[:, 1] == pytest.approx(locked["stack: 1"].to_numpy(), abs=1e-3)


def test_missing_metadata_is_flagged_and_scored(predictor, rows, photographs):
    few = rows.head(3)
    only = [photographs[name] for name in few.index]
    without_age = predictor.predict(few.drop(columns="age"), only)
    assert all("missing_age" in flags for flags in without_age.flags)
    without_all = predictor.predict(few[[]], only)
    assert without_all.flags == [["no_metadata"]] * 3
    assert np.isfinite(without_all.probabilities).all()
    assert not np.array_equal(without_all.probabilities, without_age.probabilities)


def test_impossible_numbers_are_missing(predictor, rows, photographs):
    name = rows.index[0]
    answers = []
    flags = {
        "1e9": "out_of_range_age",
        "nan": "missing_age",
        "-3": "out_of_range_age",
        "no number": "unseen_age",
    }
    for age, flag in flags.items():
        row = rows.loc[[name]].assign(age=age)
        prediction = predictor.predict(row, [photographs[name]])
        assert flag in prediction.flags[0]
        answers.append(prediction.probabilities[0, 1])
    assert len(set(answers)) == 1


def test_unreadable_image_leaves_the_probability_empty(predictor, rows, photographs, batch):
    damaged = {
        **photographs,
        rows.index[0]: CaseImage(rows.index[0], "image", "text.jpg", b"no image"),
        rows.index[1]: CaseImage(rows.index[1], "image", "absent.jpg", None, "is not there"),
    }
    prediction = predictor.predict(rows, list(damaged.values()))
    assert np.isnan(prediction.probabilities[:2]).all()
    assert prediction.probabilities[2:] == pytest.approx(batch.probabilities[2:], abs=1e-3)
    assert [flags[0] for flags in prediction.flags[:2]] == ["image_unreadable"] * 2
    assert prediction.problems["absent.jpg"] == "is not there"
    assert "text.jpg" in prediction.problems["text.jpg"]


def test_one_damaged_image_of_two_is_flagged_and_the_other_scores(predictor, rows, photographs):
    name = rows.index[0]
    pair = [photographs[name], CaseImage(name, "image", "second", b"no image")]
    prediction = predictor.predict(rows.loc[[name]], pair)
    assert np.isfinite(prediction.probabilities).all()
    assert prediction.flags[0][0] == "image_unreadable"


def test_no_images_at_all(predictor, rows):
    prediction = predictor.predict(rows.head(2), [])
    assert np.isnan(prediction.probabilities).all()
    assert [flags[0] for flags in prediction.flags] == ["image_unreadable"] * 2


def test_bundle_of_one_kind_takes_any_photograph(predictor, rows, photographs, batch):
    name = rows.index[0]
    photograph = CaseImage(name, "close-up", name, photographs[name].content)
    answer = predictor.predict(rows.loc[[name]], [photograph])
    assert answer.probabilities[0] == pytest.approx(batch.probabilities[0], abs=1e-3)


def test_few_images_are_held_at_a_time(predictor, rows, photographs, monkeypatch):
    monkeypatch.setattr(module, "available_processors", lambda: 1)
    monkeypatch.setattr(module, "IN_MEMORY", module.MAX_AHEAD)
    asked, done = 0, 0
    most = 0
    forward = module.Predictor._forward

    def count(self, embedding, pixels, entering):
        nonlocal done, most
        most = max(most, asked - done)
        done += len(pixels)
        return forward(self, embedding, pixels, entering)

    def given():
        nonlocal asked
        for photograph in photographs.values():
            asked += 1
            yield photograph

    monkeypatch.setattr(module.Predictor, "_forward", count)
    predictor.predict(rows, given())
    assert done == len(rows)
    assert most <= 5 * module.MAX_AHEAD // 2
