"""Promise 4: nothing of the locked rows but their groups and the strata of the plan decides anything."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from automl_skin.search.material import Material
from automl_skin.settings import Workspace
from automl_skin.steps.embed import embed
from automl_skin.steps.events import silent
from automl_skin.steps.prepare import prepare, read_prepared
from automl_skin.steps.stack import build_stack
from automl_skin.steps.trials import run_trials
from automl_skin.study.study import open_study

CLOCK = ("seconds", "started", "digest")
"""Of a trial's record: how long it took, and the digest over that."""


@pytest.fixture(scope="module")
def rows(tiny):
    """The small study with a split and columns about which locked rows could decide something."""
    rows = tiny.rows
    position = np.arange(len(rows))
    group = pd.factorize(rows["patient_id"])[0]
    return rows.assign(
        split=pd.Series(group % 4).map({0: "0", 1: "1", 2: "2", 3: "test"}).to_numpy(),
        same="x",
        size=(1.5 + position % 40).astype(str),
        grade=(position % 6).astype(str),
        reader=np.where(position % 2, "anna", "bert"),
    )


@pytest.fixture(scope="module")
def run(tiny, end_to_end, tmp_path_factory):
    """Search on some rows, up to the stack; the table always lies at the same place."""
    folder = tmp_path_factory.mktemp("decide")

    def search(rows, name):
        table = folder / "rows.csv"
        rows.to_csv(table, index=False)
        given = {"data": [str(table)], "images": str(tiny.images), "split": "split"}
        settings = {**given, **end_to_end.SETTINGS, **end_to_end.BINARY, "trials": 4}
        study = open_study(Workspace.at(folder / name, tiny.workspace.cache), "mine", settings)
        understanding = prepare(study, silent)
        embed(read_prepared(study), silent)
        material = Material.read(study.material)
        build_stack(study, run_trials(study, material), material)
        return study, understanding

    return search


def files_of(study):
    """Return what the development side of a study holds, by name of the file."""
    apart = ("locked/", "audit.json", "trials/.lock")
    found = {}
    for path in sorted(study.folder.rglob("*")):
        name = path.relative_to(study.folder).as_posix()
        if path.is_file() and not name.startswith(apart):
            found[name] = path.read_bytes()
            if path.suffix == ".json":
                value = json.loads(found[name])
                of_the_table = name == "prepared.json"
                gone = ("table", "locked_labels", "locked_cases") if of_the_table else ()
                if name.startswith("trials/"):
                    value, gone = {**value, **value["record"], "record": None}, CLOCK
                found[name] = {key: each for key, each in value.items() if key not in gone}
    return found


def test_locked_labels_and_metadata_change_no_file_of_development(rows, run, tiny):
    locked = (rows["split"] == "test").to_numpy()
    n_locked = int(locked.sum())
    assert 8 < n_locked < len(rows) / 2
    position = np.arange(n_locked)
    strange = rows.copy()
    strange.loc[locked, "diagnosis"] = np.where(position % 3, "carcinoma", "wart")
    strange.loc[locked, "same"] = [f"value {each % 2}" for each in position]
    strange.loc[locked, "size"] = "large"
    strange.loc[locked, "grade"] = [f"{each / 7:.3f}" for each in position]
    strange.loc[locked, "reader"] = [f"reader {each} of the second floor" for each in position]
    strange.loc[locked, "age"] = "-999"
    strange.loc[locked, "sex"] = ""
    (before, seen), (after, other) = run(rows, "before"), run(strange, "after")
    one, two = files_of(before), files_of(after)
    assert list(one) == list(two)
    assert [name for name in one if one[name] != two[name]] == []
    assert len(one) > 15
    assert {"trials/0003.json", "stack.json", "material/material.json", "understood/manifest.json"} <= set(
        one
    )
    assert seen.audit.quarantined == other.audit.quarantined
    assert Material.read(before.material).kinds["size"] == "number"
    assert "same" not in Material.read(after.material).kinds
    changed = read_prepared(after).manifest
    assert (changed.metadata.loc[after.read_plan().locked, "size"].isna()).all()
    assert list(changed.cases.index) == list(after.read_plan().table.index)
    shutil.rmtree(after.folder)
    # the other way round: development rows do decide
    swapped, _ = run(rows.assign(same=rows["reader"]), "third")
    assert "same" in Material.read(swapped.material).kinds
