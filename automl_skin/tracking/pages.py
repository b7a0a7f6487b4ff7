"""MLflow's own server with one thing changed: how its pages look to a browser that has never opened them.

MLflow 3.17 opens every experiment under the menu for language-model applications, whatever its kind, until the visitor
switches; the choice is kept in the browser. Our visitors come to see trials. So its first page sets that choice and a
few like it before anything else runs, and only where the browser has none yet.
"""

import json
from pathlib import Path
from typing import Any

FIRST_VISIT = {
    "mlflow.workflowType_v1": "machine_learning",
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": True,  # a chat that takes a quarter of the page
    "mlflow.settings.telemetry.enabled_v1": False,  # nothing is sent anyway: see this package's variables
    "mlflow.telemetry.info.alert.dismissed_v1": True,
}
"""What the pages keep in the browser, by name (MLflow 3.17); a version that does not know a name ignores it."""


def make_app() -> Any:
    """Return MLflow's application; `mlflow ui --app-name automl-skin` finds it by the package's entry point."""
    from mlflow.server import app as pages
    from mlflow.server.fastapi_app import app

    index = Path(str(pages.static_folder), "index.html")
    if "serve" in pages.view_functions and index.is_file():
        page = first_page(index.read_text(encoding="utf-8"))
        pages.view_functions["serve"] = lambda: page
    return app


def first_page(html: str) -> str:
    """Return MLflow's page with the choices of a first visit.

    Examples
    --------
    >>> first_page("<html><head><title>MLflow</title></head></html>")[:36]
    '<html><head><script>for (const [name'
    """
    script = (
        f"for (const [name, value] of Object.entries({json.dumps(FIRST_VISIT)})) "
        "if (localStorage.getItem(name) === null) localStorage.setItem(name, JSON.stringify(value));"
    )
    return html.replace("<head>", f"<head><script>{script}</script>", 1)
