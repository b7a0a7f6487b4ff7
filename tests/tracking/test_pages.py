import importlib
import json
import tomllib
from pathlib import Path

import pytest

from automl_skin.tracking.pages import FIRST_VISIT, first_page, first_visit
from automl_skin.tracking.server import APP
from automl_skin.tracking.view import view_state

NAME = 'MLflowLocalStorage-1.1-ExperimentPage-["{}"]-ReactComponentState'


def test_lists_of_trials_start_with_their_view(store):
    store.client.create_experiment("the user's own")
    start = first_visit(store.uri)
    assert start["mlflow.workflowType_v1"] == "machine_learning"
    assert json.dumps(start[NAME.format(store.experiment_id)]) == json.dumps(view_state())
    assert len(start) == len(FIRST_VISIT) + 2  # the template has another study


def test_a_store_that_is_gone_leaves_the_menu(tmp_path):
    (tmp_path / "mlflow.db").write_text("no database")
    assert first_visit(f"sqlite:///{tmp_path / 'mlflow.db'}") == FIRST_VISIT
    assert first_visit(None) == FIRST_VISIT


def test_no_value_ends_the_script():
    page = first_page("<html><head></head></html>", {"name": "</script><b>"})
    assert page.count("</script>") == 1


def test_mlflow_finds_the_application_by_the_packages_entry_point():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    module, _, name = project["project"]["entry-points"]["mlflow.app"][APP].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_the_first_page_is_mlflows_with_our_start(store, monkeypatch):
    from mlflow.server import app as flask

    monkeypatch.setattr(flask, "view_functions", dict(flask.view_functions))
    monkeypatch.setenv("AUTOML_SKIN_STORE", store.uri)
    importlib.import_module("automl_skin.tracking.pages").make_app()
    page = flask.test_client().get("/").get_data(as_text=True)
    assert page.index("localStorage.setItem") < page.index("static-files/static/js/main")
    assert f'ExperimentPage-[\\"{store.experiment_id}\\"]' in page
