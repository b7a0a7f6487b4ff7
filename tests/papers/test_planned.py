from types import SimpleNamespace

import pandas as pd
import pytest

from automl_skin.errors import ConfigError
from automl_skin.papers import planned as module
from automl_skin.papers.planned import PlannedCell, leave_out_cells, plan_cells
from automl_skin.papers.study_file import Cell
from automl_skin.study.config import StudyConfig


@pytest.mark.parametrize(
    ("wanted", "expected"), [("resnet50", "mine.v2"), ("resnet50.random", "mine.random"), ("mine", "mine.v2")]
)
def test_a_model_from_scratch_stays_one_where_another_network_takes_its_place(monkeypatch, wanted, expected):
    monkeypatch.setattr(module, "_find", lambda name, config: SimpleNamespace(name=name))
    cells = [Cell("one", {"backbone": wanted, "fusion": "image"})]
    (planned,) = plan_cells(cells, StudyConfig(), "resnet18", "mine.v2", keep_own=True)
    assert planned.backbone.name == expected


@pytest.mark.parametrize(("named", "network"), [((), None), (("own",), "plain_cnn.random")])
def test_a_cell_about_its_own_network_is_run_on_it_where_it_is_asked_for(monkeypatch, named, network):
    monkeypatch.setattr(module, "_find", lambda name, config: SimpleNamespace(name=name))
    cells = [
        Cell("own", {"backbone": "plain_cnn.random", "fusion": "image"}, own_backbone=True),
        Cell("other", {"fusion": "image"}),
    ]
    own, other = plan_cells(cells, StudyConfig(), "resnet18", "mine.v2", keep_own=True, named=named)
    assert (own.backbone and own.backbone.name) == network
    assert bool(own.not_run) == (network is None)
    assert other.backbone.name == "mine.v2"


def manifest(kinds, roles):
    return SimpleNamespace(kinds=dict.fromkeys(kinds, "number"), images=pd.DataFrame({"role": roles}))


def cell(name, *fields, roles=""):
    choose = {"fusion": "concat", **({"roles": roles} if roles else {})}
    return PlannedCell(Cell(name, choose, fields))


def test_models_that_need_what_the_table_lacks_are_not_run():
    cells = [cell("all"), cell("age", "age"), cell("site", "age", "site"), cell("pair", roles="close-up")]
    alone = leave_out_cells(cells, manifest(["age"], ["photograph"]))
    assert [bool(each.not_run) for each in alone] == [False, False, True, True]
    assert "no field site in the table, which has age" in alone[2].not_run
    assert "the table has photograph alone" in alone[3].not_run
    both = leave_out_cells(cells, manifest(["age", "site"], ["close-up", "dermoscopic"]))
    assert not any(each.not_run for each in both)


def test_a_table_that_no_model_can_use_is_refused_with_the_reasons():
    with pytest.raises(
        ConfigError, match=r"none of the models .* \(site: no field site in the table, which has none"
    ):
        leave_out_cells([cell("site", "site")], manifest([], ["photograph"]))
