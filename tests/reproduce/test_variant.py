from types import SimpleNamespace

import pytest

from automl_skin.reproduce import variant
from automl_skin.reproduce.file import Cell
from automl_skin.reproduce.variant import plan_cells
from automl_skin.search.config import StudyConfig


@pytest.mark.parametrize(
    ("wanted", "expected"), [("resnet50", "mine.v2"), ("resnet50.random", "mine.random"), ("mine", "mine.v2")]
)
def test_a_model_from_scratch_stays_one_where_another_network_takes_its_place(monkeypatch, wanted, expected):
    monkeypatch.setattr(variant, "_find", lambda name, config: SimpleNamespace(name=name))
    cells = [Cell("one", {"backbone": wanted, "fusion": "image"})]
    (planned,) = plan_cells(cells, StudyConfig(), "resnet18", "mine.v2", keep_own=True)
    assert planned.backbone.name == expected
