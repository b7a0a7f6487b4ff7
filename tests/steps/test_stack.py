import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file

from automl_skin.digests import digest_file
from automl_skin.errors import IntegrityError
from automl_skin.records import to_plain
from automl_skin.search.material import Material
from automl_skin.stacking.stack import METHODS
from automl_skin.steps.export import export
from automl_skin.steps.locked import score_locked
from automl_skin.steps.stack import (
    best_of_ways,
    build_stack,
    compared_stacks,
    finished,
    fit_chains,
    load_stack,
)
from automl_skin.study.kept_chains import chain_folder
from automl_skin.study.locked_part import LockedPart


@pytest.fixture
def study(tiny, tmp_path):
    return replace(tiny.study, folder=shutil.copytree(tiny.study.folder, tmp_path / "tiny"))


def change_one_number(study, trial, case):
    """Write a trial as if it had been measured a little differently."""
    measured = study.journal.predictions(trial)
    raw = measured.raw.copy()
    raw[case, 0] = np.nextafter(raw[case, 0], 1.0)
    study.journal.write(study.journal.read()[trial], replace(measured, raw=raw))


def test_a_chain_that_does_not_repeat_what_was_measured_is_refused(study):
    shutil.rmtree(study.chains)
    folds = Material.read(study.material).folds
    change_one_number(study, trial=1, case=np.flatnonzero(folds == 2)[0])
    records, told = study.journal.read(), []
    fit_chains(study, records, [(1, 0), (1, 0)], lambda *counts: told.append(counts))
    assert told == [(1, 1)]
    with pytest.raises(
        IntegrityError, match="trial 1 does not repeat what was measured on fold 2 bit for bit"
    ):
        fit_chains(study, records, [(1, 0), (1, 2)])
    assert [path.name for path in study.chains.iterdir()] == ["0001-0"]


def test_chains_that_are_there_are_not_fitted_again(study, monkeypatch):
    monkeypatch.setattr("automl_skin.steps.stack.fit_fold", None)
    stack = study.stack.read().stack
    fit_chains(study, study.journal.read(), [(member, 0) for member in stack.members])
    shutil.rmtree(chain_folder(study, 2, 0))
    with pytest.raises(TypeError, match="not callable"):
        fit_chains(study, study.journal.read(), [(2, 0)])


def test_loaded_stack_says_of_a_fold_what_was_measured(study):
    built, material = study.stack.read(), Material.read(study.material)
    held = np.flatnonzero(material.folds == 1)
    answer = load_stack(study, built.stack, material).predict_fold(material.inputs.take(held), 1)
    assert answer == pytest.approx(built.probabilities[held], abs=1e-12)


def test_a_stack_is_read_as_it_was_built_and_not_after_a_change(study):
    built = build_stack(study, study.journal.read(), Material.read(study.material))
    again = study.stack.read()
    assert (again.stack, again.comparison) == (built.stack, built.comparison)
    assert np.array_equal(again.probabilities, built.probabilities)
    assert set(again.comparison.utilities) == set(METHODS)
    value = json.loads((study.folder / "stack.json").read_text())
    value["stack"]["method"] = "another"
    (study.folder / "stack.json").write_text(json.dumps(value))
    with pytest.raises(IntegrityError, match=r"stack\.json: expected the digest .* It was changed"):
        study.stack.read()


def test_the_locked_test_compares_the_stack_with_the_best_trial_and_finished_baselines(tiny):
    records, built = tiny.study.journal.read(), tiny.study.stack.read()
    stacks = compared_stacks(records, built)
    assert list(stacks) == ["stack", "best trial", "metadata alone", "image alone", "rank average"]
    assert stacks["best trial"].members == (finished(records)[0].plan.number,)
    failed = [replace(each, state="failed") if each.plan.number == 0 else each for each in records]
    assert "metadata alone" not in compared_stacks(failed, built)


def test_with_tuned_networks_the_best_trial_of_each_tuning_and_way_is_compared_as_well(tiny):
    records, built = tiny.study.journal.read(), tiny.study.stack.read()
    assert best_of_ways(records) == {}
    best, second, *_ = (
        each for each in finished(records) if each.plan.kind != "baseline" and each.plan.config.uses_image
    )
    networks = tuple(replace(each, tuning="full") for each in second.plan.config.networks)
    tuned = replace(second.plan.config, networks=networks, way="within")
    changed = [
        replace(each, plan=replace(each.plan, config=tuned)) if each is second else each for each in records
    ]
    ways = best_of_ways(changed)
    assert {name: each.plan.number for name, each in ways.items()} == {
        "frozen": best.plan.number,
        "full within": second.plan.number,
    }
    assert compared_stacks(changed, built)["full within"].members == (second.plan.number,)


def test_a_stack_whose_probabilities_were_changed_is_refused(study):
    path = study.folder / "stack.parquet"
    (1.0 - pd.read_parquet(path)).to_parquet(path)
    with pytest.raises(IntegrityError, match=r"stack\.parquet: expected the out-of-fold probabilities"):
        study.stack.read()


def flip(folder, *, sign_anew):
    """Change the sign of a coefficient of a stored chain, and its digests with it if asked to."""
    path = next(path for path in folder.rglob("branch-0/*.safetensors"))
    arrays = load_file(path)
    name = next(name for name, values in arrays.items() if values.ndim == 2 and values.any())
    save_file({**arrays, name: -arrays[name]}, path)
    if sign_anew:
        files = json.loads((folder / "digests.json").read_text())
        files[path.relative_to(folder).as_posix()] = digest_file(path)
        (folder / "digests.json").write_text(json.dumps(files))


@pytest.mark.parametrize(
    ("sign_anew", "message"),
    [
        (False, r"0001-0: expected the files that digests.json lists, but branch-0/.* was changed"),
        (True, r"0001-0: expected a chain that repeats the out-of-fold probabilities of trial 1 on fold 0"),
    ],
)
def test_a_coefficient_with_another_sign_is_neither_exported_nor_opened_for(
    study, tmp_path, sign_anew, message
):
    flip(chain_folder(study, 1, 0), sign_anew=sign_anew)
    with pytest.raises(IntegrityError, match=message):
        export(study, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()
    material, (opening,) = Material.read(study.material), LockedPart(study).records()
    with pytest.raises(IntegrityError, match=message):
        score_locked(study, {"stack": study.stack.read().stack}, material, material)
    assert LockedPart(study).records() == [opening]


def test_a_stack_that_does_not_repeat_its_probabilities_is_not_exported_as_measured(study, tmp_path):
    value = json.loads((study.folder / "stack.json").read_text())
    stack = study.stack.read().stack
    steeper = replace(stack.calibrators[0], slopes=tuple(-each for each in stack.calibrators[0].slopes))
    other = replace(stack, calibrators=(steeper, *stack.calibrators[1:]))
    value |= {"stack": to_plain(other), "digest": other.digest}
    (study.folder / "stack.json").write_text(json.dumps(value))
    with pytest.raises(IntegrityError, match=r"to repeat its measured out-of-fold probabilities.* on fold 0"):
        export(study, tmp_path / "bundle")
