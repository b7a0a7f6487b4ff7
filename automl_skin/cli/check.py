"""``automl-skin check``: what is understood of the data, and what is wrong with it."""

from pathlib import Path
from typing import Annotated

import typer

from automl_skin.cli import options
from automl_skin.cli.settings import Given, collect, workspace_of


def check(
    data: options.Data = None,
    images: options.Images = None,
    target: options.Target = None,
    positive: options.Positive = None,
    group: options.Group = None,
    split: options.Split = None,
    metadata: options.Metadata = None,
    ignore: options.Ignore = None,
    allow: options.Allow = None,
    quarantine: options.Quarantine = None,
    case_column: options.CaseColumn = None,
    image_column: options.ImageColumn = None,
    image_role_column: options.ImageRoleColumn = None,
    patient_column: options.PatientColumn = None,
    lesion_column: options.LesionColumn = None,
    source_column: options.SourceColumn = None,
    output: Annotated[Path | None, typer.Option("--output", help="Folder for audit.json.")] = None,
    cache_dir: options.CacheFolder = None,
) -> None:
    """Say what is understood of a table and its images, and what is wrong with them."""
    flags = collect(Given(locals()))
    from automl_skin.cli.terminal import Terminal
    from automl_skin.steps.check import check_data, require_found

    terminal = Terminal()
    with terminal.progress() as report:
        understanding = check_data(workspace_of(None, cache_dir), flags, report)
    terminal.say(*understanding.lines)
    if output is not None:
        understanding.audit.write(output)
        terminal.say(f"Written: {output / 'audit.json'}")
    require_found(understanding)
