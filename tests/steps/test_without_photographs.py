"""A study without photographs: metadata alone, from check to evaluate."""

import pandas as pd
import pytest

from automl_skin.errors import ConfigError
from automl_skin.export.bundle import read_facts
from automl_skin.scoring.pyfunc import _load_pyfunc
from automl_skin.search.material import Material
from automl_skin.steps.prepare import read_prepared
from automl_skin.study import study as studies

SETTINGS = {"family": ["logistic", "lightgbm"], "fusion": ["image", "metadata", "concat"], "trials": 5}


@pytest.fixture(scope="module")
def alone(tiny, end_to_end, tmp_path_factory):
    """Search a table by the command line, and return what was printed, the study and its bundle."""
    folder = tmp_path_factory.mktemp("alone")
    place = end_to_end.places(tiny.workspace)
    flags = {"data": tiny.table, **end_to_end.BINARY, "folds": 3, "jobs": 1, "device": "cpu", **SETTINGS}
    searched = end_to_end.command("search", *end_to_end.as_flags(flags), "--study", "alone", *place)
    assert searched.code == 0, searched.errors
    exported = end_to_end.command("export", "--study", "alone", "--output", folder / "bundle", *place)
    assert exported.code == 0, exported.errors
    return searched.output, studies.existing_study(tiny.workspace, "alone"), folder / "bundle"


def test_it_says_so_first_and_searches_metadata_alone(alone):
    output, study, _ = alone
    lines = output.splitlines()
    assert "No photographs: --images was not given; metadata alone is searched" in lines
    assert "Images: no photographs given, and none looked at" in lines
    records = study.journal.read()
    assert {each.plan.config.fusion for each in records} == {"metadata"}
    assert [each.plan.name for each in records if each.plan.kind == "baseline"] == ["metadata alone"]
    assert all(each.state != "failed" for each in records)


def test_nothing_was_measured_that_needs_pixels(alone):
    _, study, _ = alone
    assert not study.shifted.exists()
    material = Material.read(study.material)
    assert (dict(material.inputs.embeddings), material.inputs.has_image.any()) == ({}, False)
    report = (study.report / "report.html").read_text()
    assert "without photographs there is no image alone and no rank average" in report
    assert "no photographs were given" in report
    assert "metadata alone (no photographs)" in report
    card = (study.report / "MODEL_CARD.md").read_text()
    assert "from clinical metadata alone, without photographs" in card
    assert "blurred look" not in card


def test_a_bundle_scores_a_table_and_a_row_and_a_request_alike(alone, tiny, end_to_end, tmp_path):
    _, _, bundle = alone
    scored = end_to_end.command("score", bundle, "--data", tiny.table, "--output", tmp_path / "all.csv")
    assert scored.code == 0, scored.errors
    every = end_to_end.read_scores(tmp_path / "all.csv")
    assert list(every["image_id"]) == list(tiny.rows["image_id"])
    assert every["probability"].notna().all()
    assert not every["flags"].str.contains("image").any()
    tiny.rows.iloc[[4]].to_csv(tmp_path / "one.csv", index=False)
    end_to_end.command("score", bundle, "--data", tmp_path / "one.csv", "--output", tmp_path / "alone.csv")
    alone_probability = end_to_end.read_scores(tmp_path / "alone.csv")["probability"].iloc[0]
    facts = read_facts(bundle)
    served = _load_pyfunc(str(bundle)).predict(tiny.rows.iloc[[4]][list(facts.kinds)])["probability"].iloc[0]
    assert every["probability"].iloc[4] == pytest.approx(alone_probability, abs=1e-6)
    assert every["probability"].iloc[4] == pytest.approx(served, abs=1e-6)


def test_a_case_of_which_nothing_is_known_is_not_scored(alone):
    _, _, bundle = alone
    service, facts = _load_pyfunc(str(bundle)), read_facts(bundle)
    answer = service.predict(pd.DataFrame([dict.fromkeys(facts.kinds)])).iloc[0]
    assert (answer["probability"], answer["flags"], answer["problem"]) == (
        None,
        "no_metadata",
        "no metadata were given",
    )


def test_it_is_evaluated_without_photographs(alone, tiny, end_to_end, tmp_path):
    _, _, bundle = alone
    flags = ["--data", tiny.table, "--target", "diagnosis", "--output", tmp_path / "out"]
    evaluated = end_to_end.command("evaluate", bundle, *flags)
    assert evaluated.code == 0, evaluated.errors
    assert "AUC" in evaluated.output


def test_photographs_that_are_given_all_the_same_are_said_not_to_be_used(alone, tiny, end_to_end, tmp_path):
    _, _, bundle = alone
    flags = ["--data", tiny.table, "--images", tiny.images, "--output", tmp_path / "s.csv"]
    scored = end_to_end.command("score", bundle, *flags)
    assert "--images is not used: the bundle sees no photographs" in scored.output


def test_a_bundle_that_sees_photographs_asks_for_them(tiny, end_to_end, tmp_path):
    scored = end_to_end.command("score", tiny.bundle, "--data", tiny.table, "--output", tmp_path / "s.csv")
    assert scored.code != 0
    assert "--images: expected the folder of the photographs, which the bundle sees" in scored.errors


def test_a_folder_that_lies_beside_the_table_is_named(tiny, end_to_end, tmp_path):
    checked = end_to_end.command(
        "check", "--data", tiny.table, "--target", "diagnosis", "--cache-dir", tmp_path
    )
    assert (
        f"{tiny.images} holds photographs of the table; --images {tiny.images} searches them"
        in checked.output
    )
    none = end_to_end.command(
        "check", "--data", tiny.table, "--images", "", "--target", "diagnosis", "--cache-dir", tmp_path
    )
    assert "No photographs: " in none.output


@pytest.mark.usefixtures("alone")
def test_a_study_does_not_lose_or_gain_its_photographs(tiny):
    gained = studies.open_study(tiny.workspace, "alone", {"images": str(tiny.images)})
    with pytest.raises(
        ConfigError, match="expected a study without photographs, as alone was begun, got one with"
    ):
        read_prepared(gained)
    lost = studies.open_study(tiny.workspace, "tiny", {"images": ""})
    with pytest.raises(
        ConfigError, match="expected a study with photographs, as tiny was begun, got one without"
    ):
        read_prepared(lost)


def test_explaining_shows_importances_alone(alone, tiny, end_to_end):
    explained = end_to_end.command("explain", "--study", "alone", *end_to_end.places(tiny.workspace))
    assert explained.code == 0, explained.errors
    assert "Heat: none" in explained.output


def test_rows_without_any_id_are_cases_by_their_place(tiny, end_to_end, tmp_path):
    fields = ["age", "sex", "site", "diagnosis"]
    tiny.rows[fields].to_csv(tmp_path / "plain.csv", index=False)
    flags = ["--data", tmp_path / "plain.csv", "--target", "diagnosis", "--cache-dir", tmp_path / "cache"]
    checked = end_to_end.command("check", *flags)
    assert checked.code == 0, checked.errors
    assert "no column names them: rows by their place" in checked.output
