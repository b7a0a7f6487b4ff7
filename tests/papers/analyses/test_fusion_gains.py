"""The table of fusions: figures of the cells, gains on a baseline, and what is left without metadata."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from automl_skin.metrics.intervals import auc_difference, auc_interval
from automl_skin.papers.analyses import fusion_gains as module
from automl_skin.papers.analyses.fusion_gains import fusion_gains
from automl_skin.steps.embed_blank import blank


class Chain:
    """Says the probability of the second class that a fold has, whatever the case."""

    def __init__(self, value):
        self.value = value

    def predict(self, inputs):
        assert inputs.metadata.isna().to_numpy().all()
        return np.tile([1 - self.value, self.value], (len(inputs), 1))


def blanked(prepared, material, names, report):
    return replace(material.inputs, metadata=blank(material.inputs.metadata))


@pytest.fixture
def fitted(context, monkeypatch):
    """A context of two classes whose cells have chains of their own: fold k says k / 10."""
    made = context(2)
    kinds = {"good": True, "chance": False}
    cells = dict(made.cells)
    for number, (name, uses_image) in enumerate(kinds.items()):
        plan = SimpleNamespace(number=number, config=SimpleNamespace(uses_image=uses_image))
        cells[name] = replace(cells[name], record=SimpleNamespace(plan=plan, seconds=12.4))
    asked = []
    monkeypatch.setattr(module, "fit_chains", lambda study, records, pairs: asked.extend(pairs))
    monkeypatch.setattr(module, "applied_names", lambda config, folds, n_folds: set())
    monkeypatch.setattr(module, "read_prepared", lambda study: None)
    monkeypatch.setattr(module, "without_metadata", blanked)
    monkeypatch.setattr(module, "read_chain", lambda study, number, fold: Chain(fold / 10))
    return replace(made, cells=cells), asked


def test_figures_are_those_of_whole_groups(fitted):
    made, _ = fitted
    lines = fusion_gains(made, cells={"good": "ours"}, baseline="chance").markdown.splitlines()
    good, chance = (made.probabilities(name, calibrated=True) for name in ("good", "chance"))
    auc = auc_interval(made.labels, good, made.material.groups, seed=0)
    gain = auc_difference(made.labels, good, chance, made.material.groups, seed=0)
    assert lines[-1].startswith(
        f"| ours | {auc.value:.3f} ({auc.low:.3f} to {auc.high:.3f}) | {gain.value:+.3f} ("
    )
    assert lines[-1].endswith("| 12 |")
    assert "gain on chance" in lines[0]


def test_without_metadata_each_case_is_answered_by_the_chain_of_its_fold(fitted):
    made, asked = fitted
    answers = module.answers_without_metadata(made, ["good", "chance"])
    assert list(answers) == ["good"]  # the other sees metadata alone
    np.testing.assert_allclose(answers["good"][:, 1], made.folds / 10)
    assert sorted(asked) == [(0, fold) for fold in range(made.material.n_folds)]


def test_a_baseline_has_no_gain_and_a_cell_without_weights_no_figures(fitted):
    made, _ = fitted
    text = fusion_gains(made, cells=["chance", "absent"], baseline="chance").markdown
    chance, absent = text.splitlines()[-2:]
    assert chance.split(" | ")[2] == "-"
    assert absent == "| absent | not run: no weights | - | - | - |"


def test_without_the_baseline_there_is_no_table(fitted):
    made, _ = fitted
    assert "absent has no figures" in fusion_gains(made, baseline="absent").markdown


def test_seconds_that_leave_out_tuning_say_so(fitted):
    made, _ = fitted
    options = {"cells": ["good"], "baseline": "chance"}
    assert module.NOT_COUNTED not in fusion_gains(made, **options).markdown
    good = made.cells["good"]
    cells = {**made.cells, "good": replace(good, cell=replace(good.cell, choose={"tuning": "full"}))}
    assert fusion_gains(replace(made, cells=cells), **options).markdown.endswith(module.NOT_COUNTED)
