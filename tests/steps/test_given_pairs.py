"""Given vectors of cases that have several photographs: one of each kind, or one of the case."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_skin.export.bundle import read_facts
from automl_skin.export.facts import GivenEmbedding
from automl_skin.scoring.columns import image_columns, vector_columns
from automl_skin.search.material import Material
from automl_skin.settings import Workspace
from automl_skin.steps.embed import embed
from automl_skin.steps.events import silent
from automl_skin.steps.prepare import prepare, read_prepared
from automl_skin.study.study import open_study
from automl_skin.synthetic.pairs import generate_pairs

WIDTH = 3


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = generate_pairs(tmp_path_factory.mktemp("pairs") / "data", n_lesions=40, seed=3).table
    return path, pd.read_csv(path, dtype="str", keep_default_na=False)


@pytest.fixture
def material_of(table, end_to_end, tmp_path):
    """Give vectors in place of photographs, and return the material of a study."""

    def make(ids):
        ids = list(ids)[::-1]  # in another order than the table's
        vectors = np.random.default_rng(0).normal(size=(len(ids), WIDTH)).astype(np.float32)
        np.savez(tmp_path / "made.npz", ids=ids, vectors=vectors)
        settings = {"data": str(table[0]), "embeddings": [str(tmp_path / "made.npz")]}
        workspace = Workspace.at(tmp_path / "workspace", tmp_path / "cache")
        study = open_study(workspace, "pairs", {**end_to_end.SETTINGS, **end_to_end.BINARY, **settings})
        seen = prepare(study, silent)
        embed(read_prepared(study), silent)
        return Material.read(study.material), dict(zip(ids, vectors, strict=True)), seen

    return make


def test_each_kind_of_photograph_has_its_own_vector(table, material_of):
    material, vectors, _ = material_of(table[1]["image_id"])
    inputs = material.inputs
    assert inputs.roles == ("close-up", "dermoscopic")
    (name,) = inputs.embeddings
    rows = table[1].set_index(["case_id", "image_role"])["image_id"]
    assert not inputs.has_role.all()
    for case, values in zip(material.cases.index, inputs.embeddings[name], strict=True):
        for place, role in enumerate(inputs.roles):
            expected = vectors[rows[case, role]] if (case, role) in rows.index else np.zeros(WIDTH)
            assert (values[place * WIDTH : (place + 1) * WIDTH] == expected).all()


def test_vectors_of_cases_are_of_each_of_their_photographs(table, material_of):
    material, vectors, seen = material_of(table[1]["case_id"].unique())
    assert any("matched by the id of the case" in line for line in seen.notes)
    (name,) = material.inputs.embeddings
    both = material.inputs.has_role.all(axis=1)
    for case, values in zip(material.cases.index[both], material.inputs.embeddings[name][both], strict=True):
        assert (values == np.tile(vectors[case], 2)).all()
    assert seen.audit.images["exact_duplicates"] == 0  # a case is no copy of itself


def test_a_photograph_without_a_vector_is_missing_in_a_case_that_has_another(table, material_of):
    twice = table[1][table[1]["case_id"].duplicated(keep=False)]
    gone = twice.iloc[0]
    material, _, _ = material_of(table[1]["image_id"].drop(index=gone.name))
    place = list(material.inputs.roles).index(gone["image_role"])
    if gone["case_id"] in material.cases.index:
        assert not material.inputs.has_role[material.cases.index.get_loc(gone["case_id"]), place]
    assert material.inputs.has_image.all()


def test_a_server_has_a_column_for_each_kind(tiny):
    facts = read_facts(tiny.bundle)
    (embedding,) = facts.embeddings
    given = GivenEmbedding(replace(embedding.network, recipe="given"), WIDTH, "0" * 64, "", "image")
    several = replace(facts, image_roles=("close-up", "dermoscopic"))
    name = given.title
    assert vector_columns(facts, given) == {name: facts.image_roles}
    assert vector_columns(several, given) == {f"{name}_{role}": (role,) for role in several.image_roles}
    assert vector_columns(several, replace(given, by="case")) == {name: several.image_roles}
    assert image_columns(replace(several, photographs=False)) == {}
