from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from automl_skin.errors import ConfigError
from automl_skin.export.predictor import Predictor
from automl_skin.metrics.odds import log_odds
from automl_skin.scoring.explained import require_explainable

SUM = ["log_odds_base", "part_image", "part_metadata"]


@pytest.fixture
def explain(tiny, end_to_end, tmp_path):
    def score(rows, name="parts", *options):
        rows.to_csv(tmp_path / "table.csv", index=False)
        files = {"--data": tmp_path / "table.csv", "--images": tiny.images}
        files |= {"--output": tmp_path / f"{name}-scores.csv", "--explain": tmp_path / f"{name}.csv"}
        flags = [each for pair in files.items() for each in pair]
        ended = end_to_end.command("score", tiny.bundle, *flags, *options)
        assert ended.code in {0, 3}, ended.errors
        return pd.read_csv(files["--explain"]), end_to_end.read_scores(files["--output"])

    return score


def test_parts_are_written_beside_the_scores(tiny, explain):
    rows = tiny.rows.head(5).assign(image_id=[*tiny.rows["image_id"][:4], "nowhere"])
    parts, scores = explain(rows)
    fields = [name for name in parts if name.startswith("part_of_")]
    assert fields
    assert list(parts["image_id"]) == list(rows["image_id"])
    assert list(scores.columns[-3:]) == ["probability", "decision", "flags"]
    assert parts[[*SUM, *fields]].iloc[4].isna().all()
    found = parts.iloc[:4]
    np.testing.assert_allclose(
        found[SUM].sum(axis=1), log_odds(scores["probability"].to_numpy()[:4]), atol=1e-6
    )
    np.testing.assert_allclose(found[fields].sum(axis=1), found["part_metadata"], atol=1e-6)
    assert (found[["part_image", "part_metadata"]].abs() > 1e-3).to_numpy().any(axis=0).all()


def test_one_case_alone_as_in_a_batch(tiny, explain):
    batch, _ = explain(tiny.rows.head(4))
    alone, _ = explain(tiny.rows.iloc[[2]], "alone")
    numbers = batch.select_dtypes("number").columns
    np.testing.assert_allclose(alone[numbers].iloc[0], batch[numbers].iloc[2], atol=1e-6)


def test_where_nothing_can_be_scored_there_are_no_parts(tiny, explain):
    parts, _ = explain(tiny.rows.head(2).assign(image_id=["nowhere", "neither"]))
    assert parts[SUM].isna().all(axis=None)
    assert any(name.startswith("part_of_") for name in parts)


def test_another_prevalence_moves_the_base_alone(tiny, explain):
    plain, _ = explain(tiny.rows.head(2))
    moved, scores = explain(tiny.rows.head(2), "moved", "--prevalence", "0.01")
    np.testing.assert_allclose(moved[SUM[1:]], plain[SUM[1:]], atol=1e-9)
    np.testing.assert_allclose(moved[SUM].sum(axis=1), log_odds(scores["probability"].to_numpy()), atol=1e-6)


def test_a_file_that_is_there_is_kept(tiny, end_to_end, tmp_path):
    (tmp_path / "parts.csv").write_text("mine")
    files = [
        "--images",
        tiny.images,
        "--output",
        tmp_path / "scores.csv",
        "--explain",
        tmp_path / "parts.csv",
    ]
    ended = end_to_end.command("score", tiny.bundle, *files)
    assert ended.code == 2
    assert "--explain: expected a new file" in ended.errors
    assert (tmp_path / "parts.csv").read_text() == "mine"


def test_networks_that_metadata_enter_are_refused(tiny, tmp_path):
    predictor = Predictor.load(tiny.bundle)
    (name,) = predictor.backbones
    predictor.backbones = {name: replace(predictor.backbones[name], spatial="{}")}
    with pytest.raises(ConfigError, match=f"expected networks that see the image alone, got {name}"):
        require_explainable(predictor, tmp_path / "parts.csv")


def test_several_classes_and_other_formats_are_refused(tmp_path):
    several = SimpleNamespace(facts=SimpleNamespace(is_binary=False, classes=("nv", "mel", "bcc")))
    with pytest.raises(ConfigError, match="binary target, got one of the classes nv, mel, bcc"):
        require_explainable(several, tmp_path / "parts.csv")
    with pytest.raises(ConfigError, match=r"ends in .csv, got parts.parquet"):
        require_explainable(several, tmp_path / "parts.parquet")
