"""A source is scored by chains that neither it nor a group of it was fitted on."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from automl_skin.features.encoder import EncoderConfig
from automl_skin.metrics.ranking import macro_auc
from automl_skin.search.trial import TrialPlan, TrialRecord
from automl_skin.steps import sources
from automl_skin.steps.events import silent
from automl_skin.steps.sources import (
    compared_trials,
    measure_sources,
    parts_of,
    score_left_out,
    sort_sources,
)
from automl_skin.study.study import Study


@pytest.fixture
def source(material):
    """Three hospitals; every tenth group has a case in two of them, some cases are of none that is known."""
    rng = np.random.default_rng(0)
    groups = material.cases["group"]
    names = dict(zip(groups.unique(), rng.choice(["east", "north", "west"], groups.nunique()), strict=True))
    column = groups.map(names).astype("str").copy()
    column[rng.random(len(column)) < 0.05] = "north"
    column = column.astype(object)
    column[rng.random(len(column)) < 0.05] = None
    return column.astype("str").where(column.notna())


@pytest.fixture
def study(material, tmp_path):
    material.write(tmp_path / "material")
    config = SimpleNamespace(encoder=EncoderConfig(), seed=0, jobs=1)
    return Study("study", tmp_path, config, None)


def record(number, config, utility, name="", kind="search"):
    plan = TrialPlan(number, kind, name or config.title, {}, config)
    return TrialRecord(plan, "finished", (utility,), (utility,), 1.0, 0.0)


def prepared_with(study, source):
    return SimpleNamespace(study=study, manifest=SimpleNamespace(cases=pd.DataFrame({"source": source})))


def test_groups_that_touch_a_source_and_cases_of_unknown_source_leave_the_fitting(source, material):
    groups = material.cases["group"]
    parts = parts_of(source, groups, "north")
    assert ((parts == 0) == (source == "north")).all()
    assert not set(groups[parts == 1]) & set(groups[parts == 0])
    assert source[parts == 1].notna().all()
    assert (parts == -1).sum() > source.isna().sum() / 2 > 0
    assert ((parts == -1) & source.notna()).any()


def test_labels_of_a_source_do_not_change_its_scores(study, source, material, small_chain):
    config = small_chain("late", "lightgbm", components=4)
    before = score_left_out(study, material, config, source, "west")
    swapped = material.cases.copy()
    own = source == "west"
    touching = swapped["group"].isin(swapped.loc[own, "group"])
    swapped.loc[touching | source.isna(), "target"] = 1 - swapped["target"]
    swapped.loc[touching | source.isna(), "diagnosis"] = "nevus"
    after = score_left_out(study, replace(material, cases=swapped), config, source, "west")
    assert (before == after).all()
    assert len(before) == int(own.sum())


def test_every_source_gets_its_figure(study, source, material, small_chain):
    trials = [
        record(0, small_chain("rank"), 0.6, "rank average", "baseline"),
        record(1, small_chain("image"), 0.7),
        record(2, small_chain("concat"), 0.8),
    ]
    figures = measure_sources(prepared_with(study, source), trials, material, silent)
    assert set(figures.sources) == {"east", "north", "west"}
    assert figures.models["best frozen trial"] == trials[2].plan.title
    for name, each in figures.sources.items():
        assert each.n_cases == int((source == name).sum())
        for auc in each.aucs.values():
            assert auc.low < auc.value < auc.high
            assert auc.value > 0.6  # the signal is the same everywhere
    assert "unknown" in figures.too_small
    assert study.sources.read() == figures


def test_a_signal_of_one_source_alone_is_worth_nothing_elsewhere(
    study, source, material, small_chain, make_fitter
):
    """Each source shows its labels in a column of its own: fitted on all it is perfect, without it chance."""
    known = source.fillna("east").to_numpy()
    rng = np.random.default_rng(1)
    columns = {
        name: (np.eye(3)[[list("enw").index(each[0]) for each in known]] * (2 * material.labels[:, None] - 1))
        for name in ("net@plain", "other@plain")
    }
    noisy = {
        name: (each + rng.normal(scale=0.1, size=each.shape)).astype("f4") for name, each in columns.items()
    }
    misleading = replace(material, inputs=replace(material.inputs, embeddings=noisy))
    answer = score_left_out(study, misleading, small_chain("image"), source, "west")
    west = (source == "west").to_numpy(np.bool_, na_value=False)
    assert (
        macro_auc(material.labels[west], answer) < 0.9
    )  # a column of noise when it was fitted, of either sign
    fitted = make_fitter(misleading).fit(small_chain("image"), 0)[0].raw(misleading.inputs)
    assert macro_auc(material.labels[west], fitted[west]) > 0.95


def test_tuned_networks_cannot_be_measured(study, source, material, with_tuned, small_chain):
    tuned = small_chain("image", tuning="full", way="within")
    trials = [record(0, small_chain("image"), 0.7), record(1, tuned, 0.9)]
    assert [each.plan.number for each in compared_trials(trials).values()] == [0]
    figures = measure_sources(prepared_with(study, source), trials, material, silent)
    assert figures.tuned_leads
    assert "tuned on cases of every source" in " ".join(figures.sentences())


def test_without_two_sources_there_is_nothing(study, source, material, small_chain):
    trials = [record(0, small_chain("image"), 0.7)]
    for column in (source.where(source.isna(), "one"), source.where(source.isna())):
        assert measure_sources(prepared_with(study, column), trials, material, silent) is None
    assert study.sources.find() is None


def test_a_source_is_too_small_by_its_classes(material, monkeypatch):
    groups = material.cases["group"]
    column = pd.Series("large", index=groups.index)
    column.iloc[:12] = "small"
    enough, others = sort_sources(column, groups, material.labels)
    assert enough == ["large"] or "cases are left" in others["large"]
    assert others["small"] == "12 cases; expected at least 10 cases of each of two classes"
    monkeypatch.setattr(sources, "MIN_PER_CLASS", 1)
    assert sort_sources(column, groups, material.labels)[0] == ["large", "small"]
