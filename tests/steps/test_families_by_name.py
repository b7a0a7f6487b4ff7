"""Families that no study searches unasked: searched by name, exported with a refit, and scored."""

import pytest

from automl_skin.heads import protocol
from automl_skin.study import study as studies

FLAGS = {
    "family": ["tabm", "catboost"],
    "fusion": ["metadata"],
    "folds": 3,
    "jobs": 1,
    "device": "cpu",
    "trials": 4,
}


@pytest.fixture(scope="module")
def named(tiny, end_to_end, tmp_path_factory):
    """The study, and its bundle after a refit."""
    bundle = tmp_path_factory.mktemp("named") / "bundle"
    place = end_to_end.places(tiny.workspace)
    flags = {"data": tiny.table, **end_to_end.BINARY, **FLAGS}
    searched = end_to_end.command("search", *end_to_end.as_flags(flags), "--study", "named", *place)
    assert searched.code == 0, searched.errors
    exported = end_to_end.command("export", "--refit", "--study", "named", "--output", bundle, *place)
    assert exported.code == 0, exported.errors
    return studies.existing_study(tiny.workspace, "named"), bundle


def test_they_are_searched_and_named(named):
    study, _ = named
    records = [each for each in study.journal.read() if each.plan.kind != "baseline"]
    assert {each.plan.config.family for each in records} == {"tabm", "catboost"}
    assert all(each.state != "failed" for each in records)
    leaders = (study.report / "report.html").read_text()
    assert "tabm" in leaders
    assert "catboost" in leaders


def test_their_bundle_scores(named, tiny, end_to_end, tmp_path):
    _, bundle = named
    scored = end_to_end.command("score", bundle, "--data", tiny.table, "--output", tmp_path / "scores.csv")
    assert scored.code == 0, scored.errors
    assert end_to_end.read_scores(tmp_path / "scores.csv")["probability"].notna().all()


def test_a_search_without_the_library_is_refused_before_anything_is_begun(
    monkeypatch, tiny, end_to_end, tmp_path
):
    monkeypatch.setattr(protocol, "find_spec", lambda name: None)
    flags = end_to_end.as_flags({"data": tiny.table, **end_to_end.BINARY, **FLAGS})
    place = ["--workspace", tmp_path, "--cache-dir", tmp_path / "cache"]
    searched = end_to_end.command("search", *flags, "--study", "none", *place)
    assert searched.code == 2
    assert "the family catboost: expected the package catboost, which is not installed" in searched.errors
    assert not (tmp_path / "studies" / "none" / "trials").exists()
