"""``automl-skin ui``: MLflow's pages on this workspace's runs."""

from typing import Annotated

import typer

from automl_skin.cli import options
from automl_skin.settings import Workspace


@options.takes_settings("tracking_uri")
def ui(
    flags: options.Flags,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the pages.")] = 5000,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; any but this machine's own is open to all.")
    ] = "127.0.0.1",
    browser: Annotated[
        bool,
        typer.Option("--browser/--no-browser", help="Open the trials in the browser, where there is one."),
    ] = True,
    workspace: options.WorkspaceFolder = None,
) -> None:
    """Show the runs of this workspace in MLflow, until Ctrl-C."""
    from automl_skin.errors import ConfigError
    from automl_skin.tracking.server import serve_ui

    place = Workspace.at(workspace, None)
    uri = flags.get("tracking_uri")
    if uri is None and not place.runs.parent.is_dir():
        message = (
            f"--workspace: expected the folder in which searches were run, got {workspace} (no such folder)"
        )
        raise ConfigError(message)
    code = serve_ui(
        uri or place.tracking_uri, place.runs / "artifacts", host, port, typer.echo, browse=browser
    )
    if code:
        raise typer.Exit(code)
