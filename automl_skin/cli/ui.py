"""``automl-skin ui``: MLflow's pages on this workspace's runs."""

from typing import Annotated

import typer

from automl_skin.cli import options
from automl_skin.cli.settings import workspace_of


def ui(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the pages.")] = 5000,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; others than this machine's are open to all.")
    ] = "127.0.0.1",
    browser: Annotated[
        bool,
        typer.Option("--browser/--no-browser", help="Open the trials in the browser, where there is one."),
    ] = True,
    workspace: options.WorkspaceFolder = None,
    tracking_uri: options.TrackingUri = None,
) -> None:
    """Show the runs of this workspace in MLflow, until Ctrl-C."""
    from automl_skin.errors import ConfigError
    from automl_skin.tracking.server import serve_ui

    place = workspace_of(workspace, None)
    if tracking_uri is None and not place.runs.parent.is_dir():
        message = (
            f"--workspace: expected the folder in which searches were run, got {workspace} (no such folder)"
        )
        raise ConfigError(message)
    uri = tracking_uri or place.tracking_uri
    code = serve_ui(uri, place.runs / "artifacts", host, port, typer.echo, browse=browser)
    if code:
        raise typer.Exit(code)
