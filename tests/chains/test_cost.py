from dataclasses import replace

import numpy as np
import pytest

from automl_skin.chains.config import BranchConfig, ChainConfig
from automl_skin.chains.cost import SECONDS_PER_FOLD, ChainCost
from automl_skin.heads.catalogue import FAMILIES, HEADS
from automl_skin.heads.cost import DesignSize
from automl_skin.networks import NetworkId


@pytest.fixture
def cost(material):
    return ChainCost(material.inputs, material.training_labels, material.kinds, material.n_folds)


def chain(fusion, family="logistic", backbones=("net",), **values):
    branches = (BranchConfig(family, FAMILIES[family].config()),)
    if fusion in {"late", "rank"}:
        branches = (*branches, BranchConfig("lightgbm", FAMILIES["lightgbm"].config()))
    networks = tuple(NetworkId(name, "plain") for name in backbones)
    return ChainConfig(fusion, branches, networks, **values)


def sizes(monkeypatch, cost, config):
    """Return the design sizes that the families are asked about."""
    asked = []
    for name, family in HEADS.items():
        fake = replace(family, estimate_seconds=lambda _, size: asked.append(size) or 1.0)
        monkeypatch.setitem(HEADS, name, fake)
    assert cost.seconds(config) == pytest.approx(cost.n_folds * (SECONDS_PER_FOLD + len(config.branches)))
    return asked


def test_columns_and_cases_are_those_of_a_fold(monkeypatch, cost, material):
    n = len(material.cases) * 4 // 5
    levels = sum(material.inputs.metadata[name].nunique() for name in ("sex", "site"))
    [both] = sizes(monkeypatch, cost, chain("concat", backbones=("net", "other")))
    assert both == DesignSize(n, 20, 1 + levels, 2)
    image, metadata = sizes(monkeypatch, cost, chain("late", labels="diagnosis"))
    assert (image, metadata) == (DesignSize(n, 12, 0, 4), DesignSize(n, 0, 1 + levels, 4))
    [few] = sizes(monkeypatch, cost, chain("image", "mlp", components=5))
    assert few == DesignSize(n, 5, 0, 2)
    [one] = sizes(monkeypatch, cost, replace(chain("concat"), fields=("age",)))
    assert one.n_metadata == 1


def test_kinds_of_photograph_stand_side_by_side(monkeypatch, material):
    has = np.ones((len(material.cases), 2), np.bool_)
    inputs = replace(material.inputs, roles=("close", "far"), has_role=has)
    cost = ChainCost(inputs, material.training_labels, material.kinds, material.n_folds)
    assert [each.n_image for each in sizes(monkeypatch, cost, chain("image"))] == [12]
    assert [each.n_image for each in sizes(monkeypatch, cost, chain("image", roles=("far",)))] == [6]


def test_a_network_that_is_not_at_hand_is_left_to_whoever_fits(monkeypatch, cost):
    [size] = sizes(monkeypatch, cost, chain("image", backbones=("absent", "other")))
    assert size.n_image == 8


@pytest.mark.parametrize("family", HEADS.values(), ids=list(HEADS))
def test_more_cases_columns_and_classes_never_cost_less(family):
    small = DesignSize(500, 64, 10, 2)
    config = family.config()
    costs = [
        family.estimate_seconds(config, size)
        for size in (
            small,
            replace(small, n_cases=5000),
            replace(small, n_cases=5000, n_image=640),
            replace(small, n_cases=5000, n_image=640, n_classes=7),
        )
    ]
    assert costs == sorted(costs)
    assert costs[0] > 0.0 or family.name == "own"


def test_a_branch_as_wide_as_three_backbones_costs_ten_times_more_than_a_narrow_one():
    """What half of a search's time went into, by the seconds that were measured then."""
    size, family = DesignSize(1600, 3840, 25, 2), FAMILIES["mlp"]
    wide, narrow = (
        family.estimate_seconds(family.config(fusion="concat", fusion_settings=settings), size)
        for settings in ({"layers": 4, "shape": "published"}, {"layers": 4, "width": 64})
    )
    assert wide > 10 * narrow
