import shutil
from dataclasses import replace

import pytest

from automl_skin.search.material import Material
from automl_skin.steps import trials
from automl_skin.steps.leaderboard import trial_table


@pytest.fixture
def material(tiny):
    return Material.read(tiny.study.material)


def test_the_space_is_read_from_the_material(tiny, material):
    (values,) = material.inputs.embeddings.values()
    names = ["b.tag@plain", "a@plain", "b.tag@grey", "a@grey"]
    wider = replace(material, inputs=replace(material.inputs, embeddings=dict.fromkeys(names, values)))
    options = trials.space_options(tiny.study, wider)
    assert (options.backbones, options.recipes) == (("b.tag", "a"), ("plain", "grey"))
    assert (options.families, options.fusions) == (("logistic",), ("image", "concat", "late"))
    assert options.has_metadata
    assert options.diagnosis
    poorer = replace(wider, kinds={}, class_of={"negative": 0, "positive": 1})
    options = trials.space_options(tiny.study, poorer)
    assert (options.has_metadata, options.diagnosis) == (False, False)


@pytest.mark.parametrize(("jobs", "cores", "workers"), [(3, 1, 3), (0, 2, 2), (0, 64, 4)])
def test_workers_are_as_set_or_one_a_core_and_at_most_four(tiny, monkeypatch, jobs, cores, workers):
    monkeypatch.setattr(trials, "cpu_count", lambda: cores)
    assert trials.worker_count(replace(tiny.study, config=replace(tiny.study.config, jobs=jobs))) == workers


def test_a_lost_end_is_tried_again_and_comes_to_the_same(tiny, material, tmp_path):
    study = replace(tiny.study, folder=shutil.copytree(tiny.study.folder, tmp_path / "tiny"))
    for path in study.folder.glob("trials/000[45].*"):
        path.unlink()
    heard = []

    def tell(event):
        heard.append(event.record.plan.number)

    records = trials.run_trials(study, material, tell)
    assert heard == [4, 5]
    assert trial_table(records).equals(trial_table(tiny.study.journal.read()))
    assert [record.plan.kind for record in records] == [*["baseline"] * 3, *["known"] * 2, "search"]
    assert trials.run_trials(study, material, tell) == records
    assert heard == [4, 5]
