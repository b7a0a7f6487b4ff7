"""Explaining a study whose networks metadata enter before they are pooled."""

import numpy as np
import pandas as pd
import pytest

from automl_skin.errors import ConfigError
from automl_skin.images.loading import prepare
from automl_skin.search.material import Material
from automl_skin.settings import Workspace
from automl_skin.steps import explain_heat, search
from automl_skin.steps.events import silent
from automl_skin.steps.explain import explain, heat_models
from automl_skin.steps.explain_options import ExplainOptions, HeatOptions
from automl_skin.steps.prepare import read_prepared
from automl_skin.study import precision
from automl_skin.synthetic.study import generate

SETTINGS = {
    "tuning": ["joint fusion=metanet_map epochs=1"],
    "way": ["own"],
    "fusion": ["image"],
    "folds": 2,
    "trials": 5,
    "shift_cases": 0,
}


@pytest.fixture(scope="module")
def study(end_to_end, tuning_here, tmp_path_factory):
    root = tmp_path_factory.mktemp("entered")
    made = generate(root / "data", n_lesions=40, seed=3)
    data = {"data": str(made.table), "images": str(made.images)}
    with pytest.MonkeyPatch.context() as patch, tuning_here():
        patch.setattr(precision, "resolve_precision", lambda device: "float32")  # as heat is computed
        patch.setattr(search, "write_report", lambda *_: None)
        workspace = Workspace.at(root, root / "cache")
        return end_to_end.search(workspace, "entered", **{**end_to_end.BINARY, **data, **SETTINGS}).study


@pytest.fixture(scope="module")
def number(study):
    """Of the trial whose networks metadata enter."""
    (number,) = (record.plan.number for record in study.journal.read() if record.plan.config.way == "own")
    return number


def test_a_trial_whose_networks_metadata_enter_is_called_so(study, number):
    models = {each.name: each for each in heat_models(study, study.journal.read(), ExplainOptions())}
    assert models["image + metadata"].record.plan.number == number
    assert models["image"].record.plan.config.tuning == "frozen"


def test_networks_are_shown_the_metadata_that_they_were_applied_with(study, number):
    material = Material.read(study.material)
    cases = [str(case) for case in material.cases.index[:6]]
    paths = explain_heat.read_photographs(study, cases).paths
    folder = read_prepared(study).manifest.images_root
    (name, *_) = material.inputs.tuned_on
    networks = explain_heat._Networks(study, "grad-cam")
    looking = networks(name)
    pixels = np.stack([prepare((folder / each).read_bytes(), looking.recipe, name=each) for each in paths])
    metadata = networks.entering(name, material.inputs.metadata.iloc[:6])
    applied = material.inputs.embeddings[name][:6]
    np.testing.assert_allclose(looking.embeddings(pixels, metadata), applied, atol=1e-5)
    assert not np.allclose(looking.embeddings(pixels, metadata[::-1]), applied, atol=1e-3)


def test_heat_with_and_without_metadata_side_by_side(study, number):
    options = ExplainOptions(
        what=("cam",), trials=(number,), without_metadata=True, heat=HeatOptions(n_shown=4)
    )
    models = heat_models(study, study.journal.read(), options)
    assert models[1].name == f"{models[0].name}, metadata missing"
    cases = [str(case) for case in Material.read(study.material).cases.index[:4]]
    photographs = explain_heat.read_photographs(study, cases)
    classes = np.ones(4, np.int64)
    with_them, without = (explain_heat.heats_of(each, photographs, classes) for each in models)
    assert np.abs(with_them.heat - without.heat).max() > 1e-3 * with_them.heat.max() > 0
    assert np.isfinite(with_them.probabilities).all()

    found = explain(study, options, silent, pytest.fail)
    assert "heat.png" in {path.name for path in found.files}
    table = pd.read_csv(found.folder / "heat.csv")
    ours, missing = (table[table["model"] == each.name] for each in models)
    assert ours["explained"].tolist() == missing["explained"].tolist()
    assert ours["probability"].between(0, 1).all()
    assert missing["probability"].isna().all()  # no trial measured it


def test_without_metadata_a_model_stands_beside_itself_alone(study):
    records = study.journal.read()
    (alone, _) = heat_models(study, records, ExplainOptions(without_metadata=True))
    assert alone.name == "image + metadata"
    for options in (
        ExplainOptions(trials=(1, 2), without_metadata=True),
        ExplainOptions(against="entered", without_metadata=True),
    ):
        with pytest.raises(
            ConfigError, match="--without-metadata: expected one model, got several; name one trial"
        ):
            heat_models(study, records, options)
