from types import SimpleNamespace

import pytest

from automl_skin.papers import variant
from automl_skin.papers.study_file import Cell
from automl_skin.papers.variant import plan_cells
from automl_skin.study.config import StudyConfig


@pytest.mark.parametrize(
    ("wanted", "expected"), [("resnet50", "mine.v2"), ("resnet50.random", "mine.random"), ("mine", "mine.v2")]
)
def test_a_model_from_scratch_stays_one_where_another_network_takes_its_place(monkeypatch, wanted, expected):
    monkeypatch.setattr(variant, "_find", lambda name, config: SimpleNamespace(name=name))
    cells = [Cell("one", {"backbone": wanted, "fusion": "image"})]
    (planned,) = plan_cells(cells, StudyConfig(), "resnet18", "mine.v2", keep_own=True)
    assert planned.backbone.name == expected


@pytest.mark.parametrize(("named", "network"), [((), None), (("own",), "plain_cnn.random")])
def test_a_cell_about_its_own_network_is_run_on_it_where_it_is_asked_for(monkeypatch, named, network):
    monkeypatch.setattr(variant, "_find", lambda name, config: SimpleNamespace(name=name))
    cells = [
        Cell("own", {"backbone": "plain_cnn.random", "fusion": "image"}, own_backbone=True),
        Cell("other", {"fusion": "image"}),
    ]
    own, other = plan_cells(cells, StudyConfig(), "resnet18", "mine.v2", keep_own=True, named=named)
    assert (own.backbone and own.backbone.name) == network
    assert bool(own.not_run) == (network is None)
    assert other.backbone.name == "mine.v2"
