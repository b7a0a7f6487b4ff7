import inspect
import pkgutil

import pytest

import automl_skin
from automl_skin import api
from automl_skin.errors import ConfigError
from automl_skin.papers import reproduce as papers_reproduce
from automl_skin.steps.explain_options import ExplainOptions
from automl_skin.study.settings import SETTINGS


def test_steps_in_python(tiny, tmp_path, monkeypatch, end_to_end):
    """All paths as text but for the study's own table."""
    monkeypatch.setattr(api, "Tracked", end_to_end.Silent)
    place = {"workspace": str(tmp_path), "cache": str(tiny.workspace.cache)}
    settings = {
        "data": tiny.table,
        "images": tiny.images,
        **end_to_end.SETTINGS,
        **end_to_end.BINARY,
    }
    seen = automl_skin.check(**place, data=settings["data"], images=settings["images"], target="diagnosis")
    assert len(seen.manifest.cases) == len(tiny.rows)
    heard = end_to_end.Silent()
    outcome = automl_skin.run_study(study="mine", listeners=[heard], **place, **{**settings, "trials": 2})
    assert heard.results == [outcome]
    assert len(automl_skin.leaderboard(**place).table) == 2
    explained = automl_skin.explain_study("mine", ExplainOptions(what=("importances",)), **place)
    assert explained.files
    facts = automl_skin.export_study("mine", str(tmp_path / "bundle"), **place)
    assert automl_skin.load(tmp_path / "bundle").facts == facts
    summary = automl_skin.score(
        str(tmp_path / "bundle"),
        str(tiny.table),
        str(tiny.images),
        str(tmp_path / "scores.csv"),
        explain=str(tmp_path / "parts.csv"),
        heat=str(tmp_path / "heat"),
    )
    assert (summary.rows, summary.unscored) == (len(tiny.rows), 0)
    assert len((tmp_path / "parts.csv").read_text().splitlines()) == len(tiny.rows) + 1
    assert len(list((tmp_path / "heat").iterdir())) == len(summary.pictures.files) == len(tiny.rows)
    evaluation = automl_skin.evaluate(
        str(tmp_path / "bundle"),
        str(tiny.table),
        str(tiny.images),
        "diagnosis",
        ["melanoma", "carcinoma"],
        output=str(tmp_path / "e"),
    )
    assert evaluation.n_cases == len(tiny.rows)


def test_score_and_evaluate_take_their_arguments_in_one_order():
    orders = [list(inspect.signature(each).parameters) for each in (api.score, api.evaluate)]
    assert [order[:3] for order in orders] == [["bundle", "data", "images"]] * 2


def test_a_papers_study_in_python(monkeypatch, tmp_path):
    given = []
    monkeypatch.setattr(papers_reproduce, "reproduce", lambda *call: given.append(call))
    automl_skin.reproduce_study(
        "li_2020", variants=["lesion-disjoint"], smoke=True, workspace=tmp_path, cache=tmp_path, size="64"
    )
    ((place, file, wishes, _, command),) = given
    assert (place.root, file.name, command) == (tmp_path, "li_2020", "automl_skin.reproduce_study('li_2020')")
    assert (wishes.smoke, wishes.variants, wishes.cells) == (True, ("lesion-disjoint",), ())
    assert wishes.flags == {"size": "64"}


@pytest.mark.parametrize(
    "step",
    [automl_skin.check, automl_skin.run_study, lambda **given: automl_skin.reproduce_study("x", **given)],
)
def test_an_unknown_keyword_is_named_before_anything_is_done(step):
    with pytest.raises(
        ConfigError, match=r"unknown setting 'trails' in the call \(did you mean 'trials'\?\)"
    ):
        step(trails=3)


@pytest.mark.parametrize("step", [automl_skin.check, automl_skin.run_study, automl_skin.reproduce_study])
def test_all_settings_are_keywords(step):
    assert set(SETTINGS) < set(inspect.signature(step).parameters)


def test_a_setting_of_another_type_is_named(tmp_path):
    with pytest.raises(ConfigError, match="trials: Input should be a valid integer, got '3'"):
        automl_skin.run_study(trials="3", workspace=tmp_path, cache=tmp_path)


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(
        AttributeError,
        match="check, evaluate, explain_study, export_study, leaderboard, load, report_study, reproduce_study, "
        "run_study, score",
    ):
        automl_skin.train  # noqa: B018


def test_no_step_is_called_like_a_subpackage():
    subpackages = {module.name for module in pkgutil.iter_modules(automl_skin.__path__)}
    assert not subpackages & set(automl_skin.__all__)
