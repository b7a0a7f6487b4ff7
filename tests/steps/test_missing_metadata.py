"""The curve without metadata, on a study that was searched from pictures."""

import itertools
import shutil
from dataclasses import replace

import numpy as np
import pytest

from automl_skin.evaluation.missing_metadata import SHARES
from automl_skin.search.material import Material
from automl_skin.steps import missing_metadata
from automl_skin.steps.missing_metadata import answers_without, hide, measure_missing_metadata


@pytest.fixture
def study(tiny, tmp_path):
    ignored = shutil.ignore_patterns("report", "missing_metadata.json")
    return replace(tiny.study, folder=shutil.copytree(tiny.study.folder, tmp_path / "tiny", ignore=ignored))


def test_with_nothing_hidden_it_is_what_was_measured(study):
    built, material = study.stack.read(), Material.read(study.material)
    whole, *_, none = answers_without(study, study.journal.read(), "stack", built, material)
    assert np.array_equal(whole, built.probabilities)
    assert not np.allclose(none, whole)


def test_each_case_is_scored_by_the_chains_of_its_fold_and_hidden_values_stay_hidden(study, monkeypatch):
    records, built, material = study.journal.read(), study.stack.read(), Material.read(study.material)
    hidden = []

    def look(given, flags):
        hidden.append(flags)
        return hide(given, flags)

    monkeypatch.setattr(missing_metadata, "hide", look)
    measured = measure_missing_metadata(study, records, built, material)
    assert [round(float(flags.mean()), 1) for flags in hidden[:5]] == pytest.approx(SHARES, abs=0.11)
    assert all((smaller <= larger).all() for smaller, larger in itertools.pairwise(hidden[:5]))
    assert list(measured.models) == ["stack", "metadata alone", "image alone", "rank average"]
    assert all(changes[0] == 0 for changes in measured.models.values())
    assert set(measured.models["image alone"]) == {0}
    assert measured.change.value == measured.models["stack"][-1]
    assert measured.change.low <= measured.change.value <= measured.change.high


def test_the_search_wrote_it_and_it_is_not_measured_again(tiny, study, monkeypatch):
    records, built, material = study.journal.read(), study.stack.read(), Material.read(study.material)
    before = tiny.study.missing_metadata.read()
    assert measure_missing_metadata(study, records, built, material) == before
    monkeypatch.setattr(missing_metadata, "answers_without", None)
    assert measure_missing_metadata(study, records, built, material) == before
