from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.search.material import Material
from automl_skin.search.tuning_steps import TuningStep
from automl_skin.settings import Workspace
from automl_skin.steps import embed_blank
from automl_skin.steps.embed_blank import without_metadata
from automl_skin.steps.embedder import Embedder
from automl_skin.steps.events import silent
from automl_skin.steps.networks import frozen_networks
from automl_skin.steps.prepare import read_prepared
from automl_skin.steps.tune import tune_network

RECIPE = TuningRecipe(
    mode="joint",
    fusion="cross_attention",
    fusion_settings={"width": 16},
    epochs=1,
    inner_parts=4,
    augmentation="none",
)
FOLD = 1


@pytest.fixture
def study(tiny, tmp_path):
    """The study with a cache of its own."""
    return replace(tiny.study, workspace=Workspace(tiny.workspace.root, tmp_path / "cache"))


@pytest.fixture
def tuned(study, tuning_here):
    """A network that metadata enter, tuned without a fold."""
    (each,) = frozen_networks(study.config)
    step = TuningStep(each.id, SimpleNamespace(name="joint", recipe=RECIPE))
    with tuning_here():
        (found,) = tune_network(read_prepared(study), step, [(FOLD,)], silent)
    return found


def test_a_network_that_metadata_enter_sees_none(study, tuned, monkeypatch):
    monkeypatch.setattr(embed_blank, "find_networks", lambda study, names: [tuned])
    prepared, material = read_prepared(study), Material.read(study.material)
    inputs = without_metadata(prepared, material, [tuned.name], silent)
    assert inputs.metadata.isna().to_numpy().all()
    assert inputs.metadata.columns.tolist() == material.inputs.metadata.columns.tolist()
    values = inputs.embeddings[tuned.name]
    inside = (material.cases["fold"] == FOLD).to_numpy()
    assert np.isfinite(values[inside]).all()
    assert np.isnan(values[~inside]).all()

    cases = material.cases.index[inside]
    with_metadata = Embedder(prepared, silent).embed(tuned, cases).pool(cases)
    assert np.isfinite(with_metadata).all()
    assert not np.allclose(values[inside], with_metadata)


def test_other_embeddings_stay(study):
    material = Material.read(study.material)
    names = sorted(material.inputs.embeddings)
    inputs = without_metadata(read_prepared(study), material, names, silent)
    assert inputs.embeddings == material.inputs.embeddings
