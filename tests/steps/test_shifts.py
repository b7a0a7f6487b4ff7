"""The leading trials and the stack under shift, on a study that was searched from pictures."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from automl_skin.embeddings.cache import EmbeddingCache
from automl_skin.embeddings.key import TunedOn
from automl_skin.errors import LeakageError
from automl_skin.images.shifts import SHIFTS
from automl_skin.metrics.ranking import macro_auc
from automl_skin.networks import NetworkId
from automl_skin.search.material import Material
from automl_skin.settings import Workspace
from automl_skin.steps import shift_embeddings, shifts
from automl_skin.steps.events import silent
from automl_skin.steps.networks import ResolvedNetwork
from automl_skin.steps.prepare import read_prepared
from automl_skin.steps.shift_embeddings import applied_folds, sample_of
from automl_skin.steps.shifts import leading, measure_shifts
from automl_skin.steps.stack import MAX_RANK_DIFFERENCE, load_stack


@pytest.fixture
def study(tiny, tmp_path):
    """A copy of the study, with a cache of its own that has embeddings at home alone."""
    ignored = shutil.ignore_patterns("report", "shifted", "shifts.*")
    folder = shutil.copytree(tiny.study.folder, tmp_path / "studies" / "tiny", ignore=ignored)
    workspace = Workspace.at(tmp_path, shutil.copytree(tiny.workspace.cache, tmp_path / "cache"))
    cache = EmbeddingCache(workspace.cache / "embeddings")
    for entry in cache.list():
        if "shift" in entry.key:
            cache.prune(digest=entry.digest)
    return replace(tiny.study, folder=folder, workspace=workspace)


def measure(study):
    return measure_shifts(read_prepared(study), study.journal.read(), study.stack.read(), silent)


def test_a_shift_that_changes_nothing_gives_what_was_measured(study, monkeypatch):
    """Through pixels, networks, chains, calibrators and blends: the same figures, where ranks may differ by a place."""
    monkeypatch.setattr("automl_skin.images.shifts._named", lambda name: lambda pixels, rng: pixels)
    figures = measure(study)
    assert figures.shifts == tuple(SHIFTS)
    for model in (*figures.models.values(), *figures.trials.values()):
        assert list(model.by_shift.values()) == pytest.approx([model.auc_sample] * len(SHIFTS), abs=0.005)
    table = pd.read_parquet(study.folder / "shifts.parquet")
    columns = ["probability_0", "probability_1"]
    home = table.loc[table["shift"] == "", ["case", "fold", *columns]].reset_index(drop=True)
    for name in SHIFTS:
        rows = table.loc[table["shift"] == name, ["case", "fold", *columns]].reset_index(drop=True)
        assert rows[["case", "fold"]].equals(home[["case", "fold"]])
        assert np.abs(rows[columns] - home[columns]).to_numpy().max() < MAX_RANK_DIFFERENCE


def test_what_the_search_wrote_is_measured_again(tiny, study):
    before = tiny.study.shifts.read()
    assert before is not None
    after = measure(study)
    assert after == before
    assert study.shifts.read() == before
    assert list(after.models) == ["stack", "best trial", "metadata alone", "image alone", "rank average"]
    assert set(after.models["metadata alone"].by_shift.values()) == {
        after.models["metadata alone"].auc_sample
    }
    assert len(set(after.models["image alone"].by_shift.values())) > 6


def test_the_stack_at_home_is_of_the_same_cases_by_the_same_chains(tiny):
    material, built = Material.read(tiny.study.material), tiny.study.stack.read()
    positions = sample_of(tiny.study, material.cases).positions
    fitted = load_stack(tiny.study, built.stack, material)
    labels = material.labels[positions]
    whole = np.empty((len(positions), 2))
    for fold in range(material.n_folds):
        own = material.folds[positions] == fold
        whole[own] = fitted.predict_fold(material.inputs.take(positions[own]), fold)
    home = tiny.study.shifts.read().models["stack"].auc_sample
    assert home == pytest.approx(macro_auc(labels, built.probabilities[positions]))
    assert home == pytest.approx(macro_auc(labels, whole))


def test_figures_of_another_stack_are_not_shown(tiny):
    built = tiny.study.stack.read()
    other = replace(built.stack, calibrators=built.stack.calibrators[::-1])
    assert tiny.study.shifts.read(built.stack) is not None
    assert tiny.study.shifts.read(other) is None


def test_no_case_is_looked_at_where_none_is_wanted(study):
    assert measure(replace(study, config=replace(study.config, shift_cases=0))) is None
    assert study.shifts.read() is None


def test_the_built_in_study_looks_at_few_cases(tiny, monkeypatch):
    monkeypatch.setattr(shift_embeddings, "SYNTHETIC_CASES", 40)
    cases = Material.read(tiny.study.material).cases
    assert len(sample_of(tiny.study, cases).positions) == len(cases)
    synthetic = replace(tiny.study, config=replace(tiny.study.config, data=()))
    assert len(sample_of(synthetic, cases).positions) == 40


def test_the_best_the_members_and_the_baselines_are_looked_at(tiny, monkeypatch):
    records = tiny.study.journal.read()
    monkeypatch.setattr(shifts, "MAX_LEADERS", 1)
    stack = SimpleNamespace(members=(5,))
    best = max(records, key=lambda record: (record.utility, -record.plan.number)).plan.number
    assert [record.plan.number for record in leading(records, stack)] == sorted({0, 1, 2, 5, best})


@pytest.mark.parametrize(
    ("held_out", "n_folds", "folds"),
    [((2,), 5, (2,)), ((1, 2), 5, (1,)), ((0, 4), 5, (4,)), ((0, 1), 2, (0, 1)), ((1, 3), 5, ())],
)
def test_a_tuned_network_is_applied_to_its_chains_folds(held_out, n_folds, folds):
    each = ResolvedNetwork(NetworkId("net", "plain", "full", held_out), None, None, TunedOn("plan", held_out))
    assert applied_folds(each, "plan", n_folds) == folds
    assert applied_folds(replace(each, id=each.id.frozen, tuned_on=None), "plan", 4) == (0, 1, 2, 3)


@pytest.mark.parametrize(("plan", "seen"), [("plan", (3,)), ("another plan", (2,))])
def test_a_network_that_saw_the_cases_does_not_embed_them(plan, seen):
    each = ResolvedNetwork(NetworkId("net", "plain", "full", (2,)), None, None, TunedOn(plan, seen))
    with pytest.raises(LeakageError, match=r"tuned"):
        applied_folds(each, "plan", 5)


@pytest.mark.slow
def test_a_robust_search_is_measured_by_the_trials_themselves(tiny, end_to_end, tmp_path):
    """What the trials said of the sampled cases is what their chains, fitted again, say of them."""
    given = {"data": str(tiny.table), "images": str(tiny.images), **end_to_end.BINARY}
    workspace = Workspace.at(tmp_path, tiny.workspace.cache)
    outcome = end_to_end.search(workspace, "robust", **given, objective="robust")
    plain = tiny.study.shifts.read()
    for number, model in outcome.shifts.trials.items():
        if outcome.records[number].plan == tiny.study.journal.read()[number].plan:
            assert model.by_shift == pytest.approx(plain.trials[number].by_shift)
            assert outcome.records[number].metrics["auc_shifted"] == pytest.approx(model.auc_shifted)
    assert outcome.leaderboard.table["auc_shifted"].notna().all()


def test_photographs_are_shown_under_every_shift(tiny):
    sheet = (tiny.study.report / "shift_sheet.png").read_bytes()
    assert sheet.startswith(b"\x89PNG\r\n\x1a\n")
