"""Explaining the tiny study: what is written, by which models, and what is refused."""

import shutil
from dataclasses import replace
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from automl_skin.chains.fitted import FittedChain
from automl_skin.errors import ConfigError
from automl_skin.explain.heat_index import heat_index
from automl_skin.images.recipe import Recipe
from automl_skin.search.material import Material
from automl_skin.settings import Workspace
from automl_skin.steps.events import silent
from automl_skin.steps.explain import explain, explained_trials, heat_models
from automl_skin.steps.explain_heat import heats_of, read_photographs, together
from automl_skin.steps.explain_options import ExplainOptions, HeatOptions, MapOptions
from automl_skin.study.study import existing_study


@pytest.fixture(scope="module")
def study(tiny, tmp_path_factory):
    """A copy of the tiny study that may be written into, without MLflow."""
    root = tmp_path_factory.mktemp("explained")
    shutil.copytree(tiny.workspace.root, root, dirs_exist_ok=True)
    copied = existing_study(Workspace.at(root, tiny.workspace.cache), "tiny")
    (copied.folder / "tracking.json").unlink(missing_ok=True)
    return copied


@pytest.fixture(scope="module")
def masks(tiny, tmp_path_factory):
    """A mask a photograph: its middle."""
    folder = tmp_path_factory.mktemp("masks")
    for path in tiny.images.rglob("*.*"):
        mask = np.zeros((60, 80), np.uint8)
        mask[15:45, 20:60] = 255
        Image.fromarray(mask).save(folder / f"{path.stem}_segmentation.png")
    return folder


@pytest.fixture(scope="module")
def explanation(study, masks):
    options = ExplainOptions(heat=HeatOptions(n_shown=2, n_index=6, masks=str(masks)), maps=MapOptions(40))
    return explain(study, options, silent, pytest.fail)


def test_pictures_and_tables_are_written(explanation, study):
    names = {path.name for path in explanation.files}
    assert {
        "heat.png",
        "heat.csv",
        "heat_index.json",
        "map_label.png",
        "map_fold.png",
        "map_error.png",
    } <= names
    assert {"map.csv", "clusters.csv"} <= names
    assert sum(name.startswith("importances_") and name.endswith(".png") for name in names) >= 2
    assert explanation.folder == study.report / "explain"
    for path in explanation.files:
        if path.suffix == ".png":
            with Image.open(path) as picture:
                assert min(picture.size) > 200


def test_the_table_of_heat(explanation, study):
    table = pd.read_csv(explanation.folder / "heat.csv")
    material = Material.read(study.material)
    assert set(table["model"]) == {"image", "image + metadata"}
    assert set(table["case"].astype(str)) <= set(material.cases.index)
    assert table["lesion_area"].to_numpy() == pytest.approx(0.25, abs=0.03)
    assert table["index"].dropna().between(0, 1).all()
    row = table.iloc[0]
    position = material.cases.index.get_loc(str(row["case"]))
    number = int(row["trial"].split()[1])
    predicted = study.journal.predictions(number).calibrated[position]
    assert row["probability"] == pytest.approx(predicted.max(), abs=1e-5)


def test_words_say_index_and_importances(explanation):
    text = "\n".join(explanation.lines)
    assert "HeatMap index of heat that is even: 0.2" in text
    assert "HeatMap index of image + metadata" in text
    assert "loss of auc when permuted" in text
    assert "Classes in the features: silhouette" in text


def test_importances_are_of_every_group(explanation):
    tables = [
        path for path in explanation.files if path.name.startswith("importances_") and path.suffix == ".csv"
    ]
    groups = pd.concat([pd.read_csv(path) for path in tables if "columns" not in path.name])
    assert "image" in set(groups["group"])
    assert len(set(groups["group"])) > 2
    assert set(groups["fold"]) == {0, 1, 2}


def test_each_case_is_explained_by_the_chain_without_it(study):
    """The heat of a case is the same alone, among others, and by its own fold's chain only."""
    (model, *_) = heat_models(study, study.journal.read(), ExplainOptions())
    cases = [str(case) for case in Material.read(study.material).cases.index[:5]]
    whole = heats_of(model, read_photographs(study, cases), np.ones(5, np.int64))
    alone = heats_of(model, read_photographs(study, cases[3:4]), np.ones(1, np.int64))
    np.testing.assert_allclose(whole.heat[3], alone.heat[0], atol=1e-6)
    assert whole.heat.shape[0] == 5
    loaded, load = [], FittedChain.load
    with mock.patch.object(
        FittedChain, "load", side_effect=lambda folder: loaded.append(folder.name) or load(folder)
    ):
        heats_of(model, read_photographs(study, cases[3:4]), np.ones(1, np.int64))
    fold = Material.read(study.material).folds[3]
    assert loaded == [f"{model.record.plan.number:04d}-{fold}"]


def test_models_can_be_named(study):
    records = study.journal.read()
    with_image = [record for record in records if record.plan.config.uses_image]
    number = with_image[-1].plan.number
    (model,) = heat_models(study, records, ExplainOptions(trials=(number,)))
    assert model.name.startswith(f"{number:03d} ")
    assert explained_trials(study, records, ExplainOptions(trials=(number,))) == [model.record]
    named = heat_models(study, records, ExplainOptions(trials=(number,), names=("ours",)))
    assert [each.name for each in named] == ["ours"]
    both = heat_models(study, records, ExplainOptions(against=f"tiny:{number}"))
    assert [each.name.split(":")[0] for each in both] == ["tiny", "tiny"]
    assert both[1].record.plan.number == number


def test_shown_cases_can_be_named(study):
    case = str(Material.read(study.material).cases.index[7])
    heat = HeatOptions(cases=(case,), of_class="label")
    found = explain(study, ExplainOptions(what=("cam",), heat=heat), silent, pytest.fail)
    table = pd.read_csv(found.folder / "heat.csv")
    assert set(table["case"].astype(str)) == {case}
    assert (table["explained"] == table["label"]).all()
    assert table["index"].isna().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": (99,)}, "expected a trial that has finished .*, got 99"),
        ({"trials": (1, 2, 3)}, "one or two models, got 3"),
        ({"trials": (1,), "names": ("a", "b")}, "one name per model, got 2 for 1"),
        ({"against": "tiny:x"}, "STUDY:NUMBER of a trial"),
        ({"against": "nothing"}, "no study has begun in"),
        ({"heat": HeatOptions(cases=("none",))}, "with an image, got 'none'"),
        ({"heat": HeatOptions(of_class="wart")}, "got 'wart'"),
        ({"heat": HeatOptions(method="eyes")}, "got 'eyes'"),
    ],
)
def test_wrong_wishes_are_named(study, options, message):
    with pytest.raises(ConfigError, match=message):
        explain(study, ExplainOptions(what=("cam",), **options), silent, pytest.fail)


def test_masks_of_other_photographs_are_refused(study, tmp_path):
    with pytest.raises(ConfigError, match="masks named like the photographs"):
        explain(study, ExplainOptions(what=("cam",), heat=HeatOptions(masks=tmp_path)), silent, pytest.fail)


def test_maps_have_their_wishes(study):
    with pytest.raises(ConfigError, match="got 'pca'"):
        explain(study, ExplainOptions(what=("maps",), maps=MapOptions(20, "pca")), silent, pytest.fail)


def test_what_is_explained_is_named():
    with pytest.raises(ConfigError, match="--what: expected some of cam, importances, maps; got shap"):
        ExplainOptions(what=("shap",))
    with pytest.raises(ConfigError, match="got none"):
        ExplainOptions(what=())


def test_heat_of_several_networks_adds_up():
    rng = np.random.default_rng(0)
    coarse, fine = rng.random((2, 2, 3)).astype(np.float32), rng.random((2, 4, 6)).astype(np.float32)
    assert together([coarse], Recipe(40, 60)) is coarse
    both = together([coarse, fine], Recipe(40, 60))
    assert both.shape == (2, 40, 60)
    assert both.sum() == pytest.approx(coarse.sum() + fine.sum(), rel=0.1)
    mask = np.ones((2, 40, 60), np.bool_)
    assert heat_index(both, mask) == pytest.approx(1.0)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of MLflow
def test_explanations_are_artefacts_of_the_parent_run(study, tmp_path):
    from automl_skin.steps.track import log_explanations, study_facts
    from automl_skin.tracking.parent import open_parent
    from automl_skin.tracking.store import open_store

    said = []
    tracked = replace(study, workspace=Workspace.at(tmp_path, study.workspace.cache))
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "heat.png").write_bytes(b"png")
    assert not log_explanations(tracked, tmp_path / "pictures", "report/explain", said.append)
    facts = study_facts(tracked, Material.read(study.material))
    store = open_store(tracked.workspace.tracking_uri, tracked.name, tracked.workspace.runs / "artifacts")
    parent = open_parent(store, facts, None)
    assert log_explanations(tracked, tmp_path / "pictures", "report/explain", said.append)
    assert [file.path for file in store.client.list_artifacts(parent, "report/explain")] == [
        "report/explain/heat.png"
    ]
    (study.folder / "tracking.json").unlink()
    assert said == []
