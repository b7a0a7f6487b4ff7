"""``automl-skin studies``: the studies that ship with automl-skin, and those of the workspace."""

from automl_skin.cli import options
from automl_skin.cli.settings import workspace_of


def studies(workspace: options.WorkspaceFolder = None) -> None:
    """List the studies: what, and which data they need."""
    from automl_skin.cli.terminal import Terminal
    from automl_skin.workflow.study import list_studies

    rows = list_studies(workspace_of(workspace, None))
    Terminal().table("Studies", ("name", "where", "trials", "what"), rows)
