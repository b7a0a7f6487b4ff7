from types import SimpleNamespace

import pandas as pd
import pytest

from automl_skin.errors import ConfigError
from automl_skin.papers.cells import PlannedCell
from automl_skin.papers.needs import leave_out_cells, list_left_out
from automl_skin.papers.study_file import AnalysisCall, Cell, Row, Table


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


def test_what_is_of_a_class_that_there_is_not_is_named():
    table = Table("Table 1", ("auc",), (Row("scc", metric="auc of scc+mel"), Row("all")))
    calls = [
        AnalysisCall("roc", {"title": "ROC", "positive": ["mel", "scc"]}),
        AnalysisCall("forest_grid", {"sides": {"AUC cancer": ["mel", "bcc"]}}),
        AnalysisCall("confusion", {"title": "Confusion"}),
    ]
    assert list(list_left_out([table], calls, ["mel", "nv"])) == [
        "Table 1: figures of scc (no class 'scc'; the classes are mel, nv)",
        "ROC: no class 'scc'; the classes are mel, nv",
        "forest_grid: AUC cancer (no class 'bcc'; the classes are mel, nv)",
    ]
    assert list(list_left_out([table], calls, ["bcc", "mel", "scc"])) == []
