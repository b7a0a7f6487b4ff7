"""Promise 4: what trials and stacking are given says nothing about the locked cases' labels."""

import numpy as np
import pandas as pd
import pytest

from automl_skin.data.record import read_labels
from automl_skin.search.material import Material
from automl_skin.settings import Workspace
from automl_skin.steps.embed import embed
from automl_skin.steps.prepare import prepare, read_prepared
from automl_skin.study.study import open_study
from automl_skin.synthetic.study import generate


def gives_away(values, labels):
    """Whether each level of a column holds cases of one class only: the label, in whatever words."""
    table = pd.DataFrame({"level": values.astype("str").to_numpy(), "label": labels.to_numpy()})
    few = 1 < table["level"].nunique() <= len(table) / 4
    return few and table.groupby("level")["label"].nunique().max() == 1


def columns_of(folder, cases):
    """Yield every column of every table in a folder, for the given cases."""
    for path in [*folder.rglob("*.parquet"), *folder.rglob("*.csv")]:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=str)
        if "case" in table:
            table = table.drop_duplicates("case").set_index("case")
        for name in table:
            known = table[name].reindex(cases)
            if known.notna().any():
                yield f"{path.name}:{name}", known


def test_the_check_sees_labels_in_any_words():
    labels = pd.Series([0, 1] * 20)
    assert gives_away(labels.map({0: "x", 1: "y"}), labels)
    assert gives_away(pd.Series(["nv", "mel", "bkl", "bcc"] * 10), labels)
    assert not gives_away(pd.Series(["a"] * 40), labels)
    assert not gives_away(pd.Series(np.arange(40)), labels)
    assert not gives_away(pd.Series(["a", "a", "b", "b"] * 10), labels)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A prepared study of 120 drawn lesions, embedded by a small network of random weights."""
    root = tmp_path_factory.mktemp("promise_4")
    made = generate(root / "data", n_lesions=120, seed=0)
    flags = {
        "data": str(made.table),
        "images": str(made.images),
        "target": "diagnosis",
        "positive": ["melanoma", "carcinoma"],
        "backbone": ["mobilenetv3_small_050"],
        "weights": "random",
        "size": "64",
    }
    study = open_study(Workspace(root, root / "cache"), "locked", flags)
    prepare(study, lambda _: lambda done, total: None)
    embed(read_prepared(study), lambda _: lambda done, total: None)
    return study


@pytest.mark.slow
def test_no_file_but_the_locked_ones_says_what_a_locked_case_is(study):
    plan = study.read_plan()
    labels = read_labels(study.locked / "labels.parquet")
    assert sorted(labels.index) == sorted(plan.locked)
    seen = 0
    for folder in (
        study.material,
        study.folder / "understood",
        study.folder / "trials",
        study.locked_material,
        study.locked / "understood",
    ):
        for name, values in columns_of(folder, labels.index):
            seen += 1
            assert not gives_away(values, labels["label"]), name
            assert not gives_away(values, labels["diagnosis"]), name
            assert not set(values.dropna().astype("str")) & set(labels["diagnosis"].astype("str")), name
    assert seen > 5
    locked_rows = plan.table.loc[plan.locked]
    strata = [name for name in locked_rows if name.startswith("stratum_")]
    assert (locked_rows[strata] == "").all().all()
    assert not set(pd.read_parquet(study.folder / "development_labels.parquet").index) & set(plan.locked)


@pytest.mark.slow
def test_trials_are_given_development_cases_alone(study):
    plan = study.read_plan()
    material = Material.read(study.material)
    assert list(material.cases.index) == list(plan.development)
    assert not set(material.cases.index) & set(plan.locked)
    assert len(material.inputs) == len(material.inputs.metadata) == len(plan.development)
    assert all(len(values) == len(plan.development) for values in material.inputs.embeddings.values())
    assert not set(material.groups) & set(plan.table.loc[plan.locked, "group"])
    locked = Material.read(study.locked_material)
    assert list(locked.cases.index) == list(plan.locked)
    assert not {"target", "diagnosis"} & set(locked.cases)
    assert locked.plan_digest == material.plan_digest == plan.digest
