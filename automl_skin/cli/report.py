"""``automl-skin report``: what a reviewer reads and signs."""

from pathlib import Path
from typing import Annotated

import typer

from automl_skin.cli import options
from automl_skin.settings import Workspace


def report(
    study: options.Study = "",
    output: Annotated[
        Path | None, typer.Option("--output", help="File to write [STUDY-report.html].")
    ] = None,
    gallery: Annotated[
        bool,
        typer.Option(
            "--gallery",
            help="Show the most confident mistakes with their photographs: pictures of patients, mind who sees them.",
        ),
    ] = False,
    workspace: options.WorkspaceFolder = None,
    cache_dir: options.CacheFolder = None,
) -> None:
    """Write the report of a study as one HTML file that needs nothing else; a search writes it too, without gallery."""
    from automl_skin.cli.terminal import Terminal
    from automl_skin.steps.report_page import write_page
    from automl_skin.study.study import existing_study

    opened = existing_study(Workspace.at(workspace, cache_dir), study)
    page = output or Path(f"{opened.name}-report.html")
    write_page(opened, page, gallery=gallery)
    Terminal().say(f"Written: {page}")
