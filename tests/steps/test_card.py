from dataclasses import replace

import numpy as np
import pytest

from automl_skin.search.material import Material
from automl_skin.stacking.fitted import single_stack
from automl_skin.steps.card import card_data, card_facts, card_members, card_subgroups
from automl_skin.steps.embed import find_needed
from automl_skin.steps.locked import read_openings
from automl_skin.steps.operating import operating_points
from automl_skin.study.development_labels import read_development_labels
from automl_skin.study.understood import read_understood


@pytest.fixture
def built(tiny):
    return tiny.study.stack.read()


@pytest.fixture
def material(tiny):
    return Material.read(tiny.study.material)


def test_members_are_sorted_by_weight(tiny, built):
    one, four = (single_stack(number, 1, 2).blends[0] for number in (1, 4))
    stack = replace(built.stack, blends=(one, four, four))
    members = card_members(tiny.study, replace(built, stack=stack))
    assert [(member.trial, round(member.weight, 3)) for member in members] == [(4, 0.667), (1, 0.333)]
    titles = [record.plan.config.title for record in tiny.study.journal.read()]
    assert [member.title for member in members] == [titles[4], titles[1]]


def test_facts_are_those_of_the_study(tiny, built, material):
    (opening,) = read_openings(tiny.study)
    points = operating_points(tiny.study, built, material)
    sets = find_needed(tiny.study, built.stack)
    facts = card_facts(tiny.study, built, material, sets, opening, points)
    assert facts.figures == opening.figures
    assert facts.operating_point.wanted == 0.95
    assert (facts.target, facts.positive) == ("diagnosis", ("melanoma", "carcinoma"))
    assert [each.backbone for each in facts.weights] == ["test_resnet.random"]
    assert facts.search.trials == 6
    assert facts.roles == ()  # one kind of photograph
    assert "Acquisition facts alone" in facts.shortcuts[-1]
    closed = card_facts(tiny.study, built, material, [], None, [])
    assert (closed.figures, closed.operating_point, closed.weights) == (None, None, ())


def test_data_are_counted_with_the_locked_cases(tiny):
    plan = tiny.study.read_plan()
    data = card_data(tiny.study, read_understood(tiny.study))
    assert data.n_cases == data.n_images == len(tiny.rows) == len(plan.development) + data.n_locked


def test_quarantined_columns_of_few_levels_are_subgroups(tiny, built, material, monkeypatch):
    study = tiny.study
    labels = read_development_labels(study)
    half = np.where(np.arange(len(labels)) % 2, "odd", "even")
    changed = labels.assign(other_side=half, other_name=[f"name {k}" for k in range(len(labels))])
    monkeypatch.setattr("automl_skin.steps.subgroups.read_development_labels", lambda _: changed)
    found = card_subgroups(study, built, material, study.operating_point.read().point)
    assert {each.column for each in found} == {"age", "sex", "site", "side", "source"}
    assert sum(each.n_cases for each in found if each.column == "side") == len(material.labels)
    assert all(each.sensitivity for each in found if each.class_counts[1])
