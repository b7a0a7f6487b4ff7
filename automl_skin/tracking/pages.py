"""MLflow's own server with one thing changed: how its pages look to a browser that has never opened them.

MLflow 3.17 opens every experiment under the menu for language-model applications, whatever its kind, until the visitor
switches; the choice is kept in the browser. Our visitors come to see trials. So its first page sets that choice and a
few like it before anything else runs, and only where the browser has none yet.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlflow import MlflowClient

from automl_skin.tracking.store import FAILURES
from automl_skin.tracking.view import VIEW_TAG

STORE_VARIABLE = "AUTOML_SKIN_STORE"
"""Environment variable with the address of the store that is shown."""

FIRST_VISIT = {
    "mlflow.workflowType_v1": "machine_learning",
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": True,  # a chat that takes a quarter of the page
    "mlflow.settings.telemetry.enabled_v1": False,  # nothing is sent anyway: see this package's variables
    "mlflow.telemetry.info.alert.dismissed_v1": True,
}
"""What the pages keep in the browser, by name (MLflow 3.17); a version that does not know a name ignores it."""

MAX_EXPERIMENTS = 1_000


def make_app() -> Any:
    """Return MLflow's application; `mlflow ui --app-name automl-skin` finds it by the package's entry point."""
    from mlflow.server import app as pages
    from mlflow.server.fastapi_app import app

    index = Path(str(pages.static_folder), "index.html")
    if "serve" in pages.view_functions and index.is_file():
        html = index.read_text(encoding="utf-8")
        pages.view_functions["serve"] = lambda: first_page(html, first_visit(os.environ.get(STORE_VARIABLE)))
    return app


def first_visit(uri: str | None) -> dict[str, object]:
    """Return what a browser starts with, by name; each study's list of runs starts with its prepared view."""
    if uri is None:
        return dict(FIRST_VISIT)
    try:
        experiments = MlflowClient(tracking_uri=uri).search_experiments(max_results=MAX_EXPERIMENTS)
    except FAILURES:  # the pages themselves say what is wrong with it
        return dict(FIRST_VISIT)
    views = {
        _list_of(str(each.experiment_id)): json.loads(each.tags[VIEW_TAG])
        for each in experiments
        if VIEW_TAG in each.tags
    }
    return {**FIRST_VISIT, **views}


def first_page(html: str, start: Mapping[str, object]) -> str:
    """Return MLflow's page with what a browser starts with.

    Examples
    --------
    >>> first_page("<html><head><title>MLflow</title></head></html>", {})[:36]
    '<html><head><script>for (const [name'
    """
    values = json.dumps(start).replace("<", "\\u003c")  # no value ends the script
    script = (
        f"for (const [name, value] of Object.entries({values})) "
        "if (localStorage.getItem(name) === null) localStorage.setItem(name, JSON.stringify(value));"
    )
    return html.replace("<head>", f"<head><script>{script}</script>", 1)


def _list_of(experiment_id: str) -> str:
    """Return the name by which MLflow 3.17 keeps the state of an experiment's list of runs."""
    ids = json.dumps([experiment_id])
    return f"MLflowLocalStorage-1.1-ExperimentPage-{ids}-ReactComponentState"
